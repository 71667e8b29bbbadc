import { describe, expect, test } from "bun:test";
import { seededRandom } from "../random.ts";
import { createSampler, type SamplerName } from "./sampler.ts";
import type { EndedSpan } from "./span.ts";
import { createTracer, NO_TRACER } from "./tracer.ts";

const INBOUND = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED = INBOUND.replace(/01$/, "00");
const NOW_MS = Date.parse("2026-01-02T03:04:05.500Z");

function bench(sampler: SamplerName = "always_on", ratio = 1) {
  let nowMs = NOW_MS;
  const ended: EndedSpan[] = [];
  const random = seededRandom(7);
  const tracer = createTracer({
    service: "shop",
    clock: { now: () => nowMs },
    random,
    sampler: createSampler(sampler, ratio, random, () => true),
    sink: (span) => ended.push(span),
  });
  return {
    tracer,
    ended,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}
const start = {
  name: "GET /things",
  kind: "server",
  module: "things",
  attributes: { "http.route": "/things" },
} as const;

test("a request begins a trace, whose id begins with the second; what it sets off is its child", () => {
  const { tracer, ended, pass } = bench();
  const request = tracer.begin(null, start);
  pass(1.25);
  const statement = tracer.child(request, { ...start, name: "query", kind: "client", links: [request] });
  pass(2);
  statement.fail("unavailable");
  statement.end();
  request.set("http.response.status_code", 503);
  request.end();
  const seconds = Math.floor(NOW_MS / 1000).toString(16);
  expect(request.traceId).toMatch(new RegExp(`^${seconds}[0-9a-f]{24}$`));
  const [child, parent] = ended;
  expect(child).toMatchObject({
    traceId: request.traceId,
    parentSpanId: request.spanId,
    startMs: NOW_MS + 1.25,
    endMs: NOW_MS + 3.25,
    error: "unavailable",
    links: [{ spanId: request.spanId }],
  });
  expect(parent).toMatchObject({
    parentSpanId: null,
    attributes: { "app.module": "things", "http.route": "/things", "http.response.status_code": 503 },
    error: null,
  });
  expect(child?.spanId).not.toBe(parent?.spanId);
});

test("a caller's trace goes on, and so does that of a message", () => {
  const { tracer } = bench();
  const request = tracer.begin(INBOUND, start);
  expect(request.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(request.traceparent).toBe(`00-0af7651916cd43dd8448eb211c80319c-${request.spanId}-01`);
  expect(tracer.parentOf(request.traceparent)).toEqual({ traceId: request.traceId, spanId: request.spanId });
});

test("only what is sampled is gone on with, and only what is a traceparent", () => {
  const { tracer } = bench();
  const zeros = INBOUND.replace("b7ad6b7169203331", "0".repeat(16));
  for (const other of [
    undefined,
    UNSAMPLED,
    "",
    "01",
    `${INBOUND} `,
    zeros,
    INBOUND.toUpperCase(),
    `01${INBOUND.slice(2)}`,
  ])
    expect([other, tracer.parentOf(other)]).toEqual([other, undefined]);
});

test("a span ends once, and not before it began", () => {
  const { tracer, ended, pass } = bench();
  const span = tracer.begin(null, start);
  pass(-3_600_000);
  expect(span.ended).toBe(false);
  span.end();
  span.end();
  expect(span.ended).toBe(true);
  expect(ended.map(({ startMs, endMs }) => endMs - startMs)).toEqual([0]);
});

describe("whether a request is traced", () => {
  const share = (name: SamplerName, ratio: number, inbound: string | null, allows = () => true) => {
    const sampler = createSampler(name, ratio, seededRandom(3), allows);
    return Array.from({ length: 20_000 }, () => sampler(inbound)).filter(Boolean).length / 20_000;
  };

  test("goes by the ratio", () => {
    expect(share("traceidratio", 0.05, null)).toBeCloseTo(0.05, 2);
    expect(share("parentbased_traceidratio", 0.5, null)).toBeCloseTo(0.5, 1);
    for (const name of ["traceidratio", "parentbased_traceidratio"] as const)
      expect([share(name, 0, null), share(name, 1, null)]).toEqual([0, 1]);
  });

  test("or by its caller, where one has decided and is asked", () => {
    for (const name of ["parentbased_traceidratio", "parentbased_always_off", "parentbased_always_on"] as const)
      expect([share(name, 0.5, INBOUND), share(name, 0.5, UNSAMPLED)]).toEqual([1, 0]);
    expect([share("always_on", 0, UNSAMPLED), share("always_off", 1, INBOUND)]).toEqual([1, 0]);
    expect([share("parentbased_always_on", 0, null), share("parentbased_always_off", 1, null)]).toEqual([1, 0]);
  });

  test("or as without a caller, once callers have had as many traces as they may", () => {
    const never = () => false;
    expect(share("parentbased_traceidratio", 0.05, INBOUND, never)).toBeCloseTo(0.05, 2);
    expect(share("parentbased_always_off", 1, INBOUND, never)).toBe(0);
    expect(share("parentbased_always_on", 0, INBOUND, never)).toBe(1);
    expect(share("parentbased_traceidratio", 1, UNSAMPLED, never)).toBe(0);
  });

  test("is decided without chance where there is none", () => {
    const noChance = {
      uint32: () => {
        throw new Error("chance was drawn");
      },
    };
    expect(createSampler("traceidratio", 0, noChance, () => true)(null)).toBe(false);
    expect(createSampler("parentbased_traceidratio", 0.5, noChance, () => true)(INBOUND)).toBe(true);
  });
});

test("where nothing is traced, nothing can be begun", () => {
  expect([NO_TRACER.samples(INBOUND), NO_TRACER.parentOf(INBOUND)]).toEqual([false, undefined]);
  expect(() => NO_TRACER.begin(INBOUND, start)).toThrow("nothing is sampled");
});
