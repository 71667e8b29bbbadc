import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import * as z from "zod";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { createApp, handlerOf } from "./app.ts";
import { createHealth, healthRoutes } from "./health.ts";
import { mountRoutes } from "./mount.ts";
import { route } from "./route.ts";
import { startServer } from "./server.ts";
import { httpSteps, shutDown } from "./shutdown.ts";

const ids = createIds({ now: () => 1_700_000_000_000 }, seededRandom(1));
const onError = (error: unknown) => console.error(error);
const health = createHealth();
const app = createApp({ ids, onError });
const echo = route({
  method: "POST",
  path: "/echo",
  access: "public",
  summary: "Echo",
  body: z.strictObject({ a: z.string() }),
  responses: { 200: { description: "It.", schema: z.unknown() } },
  handle: async ({ body }) => {
    await systemScheduler.sleep(100);
    return { status: 200, body };
  },
});
const verifier = { verify: () => ({ ok: false, reason: "invalid", detail: "" }) as const };
mountRoutes(app, [echo, ...healthRoutes(health)], {
  ids,
  onError,
  verifier,
  scheduler: systemScheduler,
  bodyTimeoutMs: 300,
});
const start = (port: number) =>
  startServer({
    handler: handlerOf(app, () => health.draining),
    hostname: "127.0.0.1",
    port,
    portSetting: "PORT",
    scheduler: systemScheduler,
    onError,
  });
const server = start(0);
afterAll(() => server.stop(0));

/** Writes raw bytes and gives what came back after `forMs`. */
function raw(parts: readonly string[], forMs: number, pauseMs = 0): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(server.port, "127.0.0.1", async () => {
      for (const part of parts) {
        if (!socket.destroyed) socket.write(part);
        if (pauseMs > 0) await systemScheduler.sleep(pauseMs);
      }
    });
    socket.on("data", (data) => {
      answer += data.toString();
    });
    socket.on("error", () => undefined);
    setTimeout(() => {
      socket.destroy();
      resolve(answer);
    }, forMs);
  });
}
const head = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";

test("a chunked body over the limit is cut off with 413", async () => {
  const chunk = `10000\r\n${"a".repeat(65536)}\r\n`;
  const answer = await raw([`${head}Transfer-Encoding: chunked\r\n\r\n`, ...Array<string>(20).fill(chunk)], 300);
  expect(answer).toContain("413");
  expect(answer).toContain("body-too-large");
});

test("a huge declared length is refused unread, a slow body is 408", async () => {
  expect(await raw([`${head}Content-Length: 99000000000\r\n\r\nabc`], 200)).toContain("body-too-large");
  expect(await raw([`${head}Content-Length: 9\r\n\r\n{`], 600)).toContain("body-timeout");
});

// In turn and not pipelined: Bun closes a connection whose next request comes before the answer.
test("a connection is kept for the next request", async () => {
  const answer = await raw(
    [`${head}Content-Length: 9\r\n\r\n{"a":"b"}`, "GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"],
    600,
    200,
  );
  expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
});

test("a probe without a Host is answered; a Host that cannot be one is refused", async () => {
  expect(await raw(["GET /health/live HTTP/1.0\r\n\r\n"], 200)).toContain('{"status":"live"}');
  expect(await raw(["GET /health/live HTTP/1.1\r\nHost: a b\r\n\r\n"], 200)).toContain('{"status":"live"}');
  const refused = await raw(["GET /health/live HTTP/1.1\r\nHost: h:99999999\r\n\r\n"], 200);
  expect(refused).toContain("HTTP/1.1 400");
  expect(refused).toContain("header.Host must be");
  expect(refused).toContain("X-Content-Type-Options");
});

test("a port in use is one clear line", () => {
  expect(() => start(server.port)).toThrow(StartError);
  expect(() => start(server.port)).toThrow(/in use.*PORT/);
});

test("readiness names what is missing; shutdown lets requests end", async () => {
  health.expect("database");
  const notReady = await fetch(`${server.url}/health/ready`);
  expect([notReady.status, (await notReady.text()).includes("database is starting")]).toEqual([503, true]);
  health.up("database");
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  const underWay = fetch(`${server.url}/echo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"a":"b"}',
  });
  await systemScheduler.sleep(30);
  let waitsEnded = 0;
  const endWaits = () => {
    waitsEnded += 1;
  };
  const never = { name: "telemetry", run: () => new Promise<void>(() => undefined) };
  const failing = { name: "relays", run: () => Promise.reject(new Error("x")) };
  const steps = [
    ...httpSteps({
      health,
      servers: [server],
      scheduler: systemScheduler,
      readinessDrainMs: 20,
      endWaits,
      requestsDeadlineMs: 1000,
    }),
    failing,
    never,
  ];
  const report = await shutDown(steps, { scheduler: systemScheduler, deadlineMs: 800 });
  expect((await underWay).status).toBe(200);
  expect(waitsEnded).toBe(1);
  expect([report.finished, report.failed.map(({ name }) => name), report.left]).toEqual([
    ["readiness", "http"],
    ["relays"],
    ["telemetry"],
  ]);
  expect(fetch(`${server.url}/health/live`)).rejects.toThrow();
});
