import { expect, test } from "bun:test";
import { seededRandom } from "../random.ts";
import { createSampler, type SamplerName } from "../telemetry/sampler.ts";
import type { EndedSpan } from "../telemetry/span.ts";
import { createTracer, NO_TRACER } from "../telemetry/tracer.ts";
import { createApp, handlerOf } from "./app.ts";
import { httpFor } from "./http.fixture.ts";
import { mountRoutes } from "./mount.ts";
import { route } from "./route.ts";

const http = httpFor();
const INBOUND = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function bench(sampler: SamplerName, allows = () => true) {
  const ended: EndedSpan[] = [];
  const seen: (string | null)[] = [];
  const random = seededRandom(1);
  const tracer = createTracer({
    service: "shop",
    clock: { now: () => 0 },
    random,
    sampler: createSampler(sampler, 0, random, allows),
    sink: (span) => ended.push(span),
  });
  const get = (path: string, rateLimit?: "none") =>
    route({
      method: "GET",
      path,
      rights: { callers: "anyone", object: "shared" },
      tag: "shelf",
      summary: path,
      ...(rateLimit ? { rateLimit } : {}),
      responses: { 200: { description: "It." }, 503: { description: "Not now." } },
      async handle({ traceparent }) {
        seen.push(traceparent);
        if (path === "/fails") throw new Error("a bug");
        return { status: 200 };
      },
    });
  const app = createApp(http);
  const routes = [get("/things/{id}"), get("/fails"), get("/probe", "none")];
  mountRoutes(app, routes, { ...http, tracer, onError: () => undefined });
  const handler = handlerOf(app);
  const ask = (path: string, traceparent?: string) =>
    handler(new Request(`http://shop.test${path}`, traceparent ? { headers: { traceparent } } : {}));
  return { ended, seen, ask };
}

test("a request is a span that is named by its route, never by what stood in its path", async () => {
  const { ended, seen, ask } = bench("parentbased_always_on");
  await ask("/things/alice");
  await ask("/fails");
  expect(ended.map(({ name, error }) => [name, error])).toEqual([
    ["GET /things/{id}", null],
    ["GET /fails", "500"],
  ]);
  expect(ended[0]?.attributes).toEqual({
    "app.module": "shelf",
    "http.request.method": "GET",
    "http.route": "/things/{id}",
    "url.path": "/things/{id}",
    "http.response.status_code": 200,
  });
  const [first] = ended;
  expect(seen[0]).toBe(`00-${first?.traceId}-${first?.spanId}-01`);
});

test("a caller's trace goes on; where it is not sampled the caller's own word is passed on", async () => {
  const { ended, seen, ask } = bench("parentbased_always_off");
  await ask("/things/1", INBOUND);
  await ask("/things/1", INBOUND.replace(/01$/, "00"));
  await ask("/things/1");
  await ask("/things/1", "nonsense");
  expect(ended.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
    ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"],
  ]);
  expect(seen.slice(1)).toEqual([INBOUND.replace(/01$/, "00"), null, null]);
});

test("what is not traced here although its caller says so is traced nowhere behind it", async () => {
  for (const sampler of ["parentbased_always_off", "always_off"] as const) {
    const { ended, seen, ask } = bench(sampler, () => false);
    await ask("/things/1", INBOUND);
    expect([ended, seen]).toEqual([[], [INBOUND.replace(/01$/, "00")]]);
  }
});

test("probes are in no trace", async () => {
  const { ended, ask } = bench("parentbased_always_on");
  await ask("/probe", INBOUND);
  expect(ended).toEqual([]);
});

test("what is not sampled has nothing made for it", async () => {
  const app = createApp(http);
  // It throws where anything is begun.
  const tracer = { ...NO_TRACER, samples: () => false };
  mountRoutes(
    app,
    [
      route({
        method: "GET",
        path: "/things",
        rights: { callers: "anyone", object: "shared" },
        summary: "Things",
        responses: { 200: { description: "Them." } },
        handle: async () => ({ status: 200 }),
      }),
    ],
    { ...http, tracer },
  );
  expect((await handlerOf(app)(new Request("http://shop.test/things"))).status).toBe(200);
});
