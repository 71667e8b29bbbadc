/** Telemetry never hurts: whatever becomes of the collector, no request fails, memory is bounded, and a stop is a stop. */
import { afterAll, expect, test } from "bun:test";
import type { Server } from "bun";
import { basketOf, eventually } from "../journeys/client.ts";
import { recordOtlp } from "../journeys/otlp-recorder.ts";
import { startTestPlatform } from "../journeys/platform.ts";
import { residentMb } from "../load/resident.ts";
import { freePort } from "../provision/external-postgres.ts";

const TRACED = {
  LOG_FORMAT: "json",
  // The SDK would print past the log.
  OTEL_LOG_LEVEL: "info",
  OTEL_TRACES_SAMPLER: "always_on",
  OTEL_BSP_SCHEDULE_DELAY: "100",
  OTEL_METRIC_EXPORT_INTERVAL: "500",
  OTEL_BSP_MAX_QUEUE_SIZE: "512",
};
const ORDERS = 40;
const MOST_GROWN_MB = 200;

const servers: Server<undefined>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));
const never = () => new Promise<Response>(() => undefined);

/** By what is wrong; the last one stays until the process stops. */
const TROUBLES: Readonly<Record<string, () => Response | Promise<Response>>> = {
  "is overloaded": () => new Response("later", { status: 503, headers: { "retry-after": "1" } }),
  refuses: () => new Response("no such tenant", { status: 400 }),
  "takes a part": () => Response.json({ partialSuccess: { rejectedSpans: "3", errorMessage: "too old" } }),
  "answers what is no OTLP": () => new Response("<html>", { status: 200 }),
  "answers nothing": never,
};

test("a collector in whatever trouble costs no request, no memory without bound, and no stop its time", async () => {
  let answer: () => Response | Promise<Response> = never;
  let asked = 0;
  const port = await freePort();
  // Nobody listens at first.
  const platform = await startTestPlatform({ ...TRACED, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  try {
    const alice = await platform.customer("alice");
    const placeSome = async () => {
      for (let n = 0; n < ORDERS; n += 10)
        await Promise.all(Array.from({ length: 10 }, () => alice.place(basketOf("SKU-016", 1), { wait: 10 })));
    };
    await placeSome();
    const beforeMb = residentMb(platform.process.pid, "VmRSS");
    const fetch = () => {
      asked++;
      return answer();
    };
    servers.push(Bun.serve({ hostname: "127.0.0.1", port, idleTimeout: 0, fetch }));
    for (const [trouble, how] of Object.entries(TROUBLES)) {
      answer = how;
      asked = 0;
      await placeSome();
      const heard = await eventually(
        async () => asked,
        (times) => times > 0,
      );
      expect([trouble, heard > 0]).toEqual([trouble, true]);
    }
    expect(residentMb(platform.process.pid, "VmRSS") - beforeMb).toBeLessThan(MOST_GROWN_MB);
    const startedMs = performance.now();
    expect(await platform.process.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(9_000);
    const told = platform
      .output()
      .split("\n")
      .filter((line) => line.includes("telemetry.export"));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(60);
    for (const why of ["no such tenant", "too old"]) expect(told.filter((line) => line.includes(why))).not.toEqual([]);
    // It is nothing of the order whose span began the wait for company.
    expect(told.filter((line) => line.includes('"traceId"'))).toEqual([]);
    expect(platform.output()).not.toContain("output.foreign");
  } finally {
    await platform.stop();
  }
}, 60_000);

test("what waits to be sent when a process stops is sent", async () => {
  const recorder = recordOtlp();
  const settings = { ...TRACED, OTEL_BSP_SCHEDULE_DELAY: "600000", OTEL_METRIC_EXPORT_INTERVAL: "600000" };
  const platform = await startTestPlatform({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: recorder.url });
  try {
    const alice = await platform.customer("alice");
    const { id } = await alice.place(basketOf("SKU-016", 1), { wait: 10 });
    expect(recorder.spans()).toEqual([]);
    expect(await platform.process.stop()).toBe(0);
    const names = recorder
      .spans()
      .filter(({ attributes }) => attributes["app.order.id"] === id)
      .map(({ name }) => name);
    expect(names).toContain("POST /api/v1/orders");
    expect(names).toContain("handle PaymentAuthorised");
    const metrics = recorder.bodies("metrics").join("\n");
    for (const name of ["orders.created", "orders.processing.time"]) expect(metrics).toContain(`"${name}"`);
    expect(recorder.faults()).toEqual([]);
  } finally {
    await platform.stop();
    recorder.stop();
  }
}, 60_000);

test("standard variables are honoured: headers, attributes, names, endpoints of their own, and off is off", async () => {
  const seen: { readonly path: string; readonly key: string | null; readonly text: string }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      seen.push({ path: pathname, key: request.headers.get("x-key"), text: await request.text() });
      return Response.json({});
    },
  });
  servers.push(server);
  const base = `http://127.0.0.1:${server.port}`;
  const settings = {
    ...TRACED,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${base}/somewhere/else`,
    OTEL_METRICS_EXPORTER: "none",
    OTEL_EXPORTER_OTLP_HEADERS: "x-key=s3cret",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=staging",
    OTEL_SERVICE_NAME: "my-shop",
  };
  const platform = await startTestPlatform(settings);
  try {
    await (await platform.customer("alice")).place(basketOf("SKU-016", 1), { wait: 10 });
    await platform.process.stop();
    expect(new Set(seen.map(({ path }) => path))).toEqual(new Set(["/somewhere/else"]));
    expect(new Set(seen.map(({ key }) => key))).toEqual(new Set(["s3cret"]));
    expect(seen[0]?.text).toContain('"staging"');
    expect(seen[0]?.text).toContain('"my-shop"');
    expect(platform.output()).not.toContain("s3cret");
    seen.length = 0;
    await platform.restart({ ...settings, OTEL_SDK_DISABLED: "true" });
    await (await platform.customer("alice")).place(basketOf("SKU-016", 1), { wait: 10 });
    await platform.process.stop();
    expect(seen).toEqual([]);
  } finally {
    await platform.stop();
  }
}, 60_000);
