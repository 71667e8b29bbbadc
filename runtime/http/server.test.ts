import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import * as z from "zod";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { createApp, handlerOf, URL_LIMIT } from "./app.ts";
import { HEADER_BYTES_LIMIT, HEADER_COUNT_LIMIT } from "./header-limits.ts";
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
  rights: { callers: "anyone", object: "shared" },
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

const fields = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => `X-${index}: ${"a".repeat(length)}\r\n`).join("");
const get = (target: string, head: string) => raw([`GET ${target} HTTP/1.1\r\nHost: h\r\n${head}\r\n`], 300);

test.each([
  ["as many fields as may be", "/health/live", fields(HEADER_COUNT_LIMIT - 1, 1), 200],
  ["one field more", "/health/live", fields(HEADER_COUNT_LIMIT, 1), 431],
  ["large fields", "/health/live", fields(2, 5_000), 200],
  ["fields larger than may be", "/health/live", fields(1, HEADER_BYTES_LIMIT), 431],
  ["a long URL", `/health/live?${"a".repeat(URL_LIMIT - 100)}`, "", 400],
  ["a URL longer than may be", `/health/live?${"a".repeat(URL_LIMIT)}`, "", 414],
])("%s", async (_what, target, head, status) => {
  const answer = await get(target, head);
  expect(answer).toStartWith(`HTTP/1.1 ${status} `);
  if (status !== 200) expect(answer).toContain("application/problem+json");
  // What may have been the beginning of an attack ends its connection.
  if (status > 400) expect(answer.toLowerCase()).toContain("connection: close");
});

// Bun's own limits, over ours: it answers before any code of ours, without a body, and closes the connection.
test.each([
  ["200 fields", "/health/live", fields(200, 1), 431],
  ["a field of 16 KiB", "/health/live", fields(1, 16 * 1024), 431],
  ["a request line of 16 KiB", `/${"a".repeat(16 * 1024)}`, "", 431],
  ["what is no field", "/health/live", "no field\r\n", 400],
])("%s never gets as far as our code", async (_what, target, head, status) => {
  const answer = await get(target, head);
  expect(answer).toStartWith(`HTTP/1.1 ${status} `);
  expect(answer).toEndWith("Connection: close\r\n\r\n");
});

test.each([
  ["nested too deep", `{"a":${"[".repeat(40)}${"]".repeat(40)}}`, "is nested deeper than"],
  ["of too many values", `[${"0,".repeat(30_000)}0]`, "has more than"],
])("a body %s is 400", async (_what, body, advice) => {
  const answer = await raw([`${head}Content-Length: ${body.length}\r\n\r\n${body}`], 300);
  expect(answer).toStartWith("HTTP/1.1 400 ");
  expect(answer).toContain(advice);
  expect(answer).toContain("/problems/malformed-json");
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
