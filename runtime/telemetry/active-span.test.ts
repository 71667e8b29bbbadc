import { expect, test } from "bun:test";
import { activeSpan, forSpans, noteOrder, withinRemoteSpan, withinSpan } from "./active-span.ts";
import { openSpan, type Span } from "./span.ts";

const contextOf = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16) });
function spanOf(digit: string) {
  const attributes: Record<string, unknown> = {};
  const span: Span = openSpan(
    contextOf(digit),
    null,
    { module: "shelf", name: digit, kind: "server", attributes: {} },
    { clock: { now: () => 0 }, sink: (ended) => void Object.assign(attributes, ended.attributes) },
  );
  return { span, attributes };
}
const active = () => activeSpan()?.parent.spanId;

test("holds for all that runs within it, at the same time as others", async () => {
  const [a, b] = [spanOf("a").span, spanOf("b").span];
  const seen = await Promise.all(
    [a, b].map((span) =>
      withinSpan(span, async () => {
        const before = active();
        await Bun.sleep(1);
        return [before, active()];
      }),
    ),
  );
  expect(seen).toEqual([
    [a.spanId, a.spanId],
    [b.spanId, b.spanId],
  ]);
  expect(activeSpan()).toBeUndefined();
});

test("what is left running when it has ended is no part of it", async () => {
  const { span } = spanOf("a");
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const left = withinSpan(span, async () => {
    await go;
    return active();
  });
  span.end();
  resolve();
  expect(await left).toBeUndefined();
});

test("work for several is part of the first, linked to the others, and never of whoever happened to begin it", () => {
  const [a, b, c] = [spanOf("a").span, spanOf("b").span, spanOf("c").span];
  const activeOf = (span: Span) => ({ active: withinSpan(span, activeSpan) });
  const nobody = { active: undefined };
  withinSpan(c, () => {
    forSpans([nobody, activeOf(a), activeOf(b)], () =>
      expect(activeSpan()).toMatchObject({ parent: { spanId: a.spanId }, links: [{ spanId: b.spanId }] }),
    );
    forSpans([nobody], () => expect(activeSpan()).toBeUndefined());
    expect(active()).toBe(c.spanId);
  });
});

test("another process's span is gone on with", () => {
  withinRemoteSpan(contextOf("d"), () => expect(activeSpan()?.parent).toEqual(contextOf("d")));
});

test("a request says which order it is about; outside of one nothing is said", () => {
  const { span, attributes } = spanOf("a");
  withinSpan(span, () => noteOrder("order-1"));
  noteOrder("order-2");
  span.end();
  expect(attributes).toEqual({ "app.module": "shelf", "app.order.id": "order-1" });
});
