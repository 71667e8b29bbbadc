import { expect, test } from "bun:test";
import { keepTraces } from "./kept-traces.ts";
import type { EndedSpan } from "./span.ts";

let count = 0;
const span = (trace: number, order?: string): EndedSpan => ({
  traceId: String(trace).padStart(32, "0"),
  spanId: String(++count).padStart(16, "0"),
  parentSpanId: null,
  name: "handle",
  kind: "consumer",
  startMs: 0,
  endMs: 1,
  attributes: order === undefined ? {} : { "app.order.id": order },
  links: [],
  error: null,
});
const id = (trace: number) => String(trace).padStart(32, "0");

test("an order's traces are found, with the spans that do not name it", () => {
  const kept = keepTraces(10);
  const spans = [span(1, "a"), span(1), span(2, "b"), span(3, "a")];
  for (const each of spans) kept.keep(each);
  expect(kept.about("a")).toEqual([id(1), id(3)]);
  expect(kept.spansOf([id(1), id(9)])).toEqual(spans.slice(0, 2));
  expect(kept.about("nobody's")).toEqual([]);
});

test("the oldest go first, by traces and by spans, and are forgotten as a whole", () => {
  const kept = keepTraces(3);
  for (let trace = 1; trace <= 5; trace++) kept.keep(span(trace, `order-${trace}`));
  expect([1, 2, 3, 4, 5].map((trace) => kept.spansOf([id(trace)]).length)).toEqual([0, 0, 1, 1, 1]);
  expect([kept.about("order-1"), kept.about("order-5")]).toEqual([[], [id(5)]]);
  const few = keepTraces(100, { traces: 100, spans: 10, spansOfOne: 4 });
  for (let trace = 1; trace <= 5; trace++) for (let n = 0; n < 9; n++) few.keep(span(trace, "same"));
  expect([1, 2, 3, 4, 5].map((trace) => few.spansOf([id(trace)]).length)).toEqual([0, 0, 0, 4, 4]);
  expect(few.about("same")).toEqual([id(4), id(5)]);
});

test("what is about no order drives out no order, and is kept for its share", () => {
  const kept = keepTraces(8);
  for (let trace = 1; trace <= 6; trace++) kept.keep(span(trace, `order-${trace}`));
  for (let trace = 100; trace < 200; trace++) kept.keep(span(trace));
  expect([1, 2, 3, 4, 5, 6].map((trace) => kept.about(`order-${trace}`).length)).toEqual([1, 1, 1, 1, 1, 1]);
  expect([197, 198, 199].map((trace) => kept.spansOf([id(trace)]).length)).toEqual([0, 1, 1]);
  // The order is known after its trace has begun.
  kept.keep(span(199, "order-7"));
  expect([kept.about("order-7"), kept.spansOf([id(199)]).length]).toEqual([[id(199)], 2]);
  for (let trace = 10; trace < 20; trace++) kept.keep(span(trace, `order-${trace}`));
  expect(kept.about("order-7")).toEqual([]);
  expect(kept.about("order-19")).toEqual([id(19)]);
  const strangers = keepTraces(8);
  for (let trace = 1; trace <= 20; trace++) strangers.keep(span(trace));
  expect([12, 13, 20].map((trace) => strangers.spansOf([id(trace)]).length)).toEqual([0, 1, 1]);
});
