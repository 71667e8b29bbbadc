import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";
import { type LoadPlan, REJECTED } from "./generator.ts";
import { generateLoadApart } from "./generator-process.ts";
import { readResponse } from "./http-connection.ts";

interface Seen {
  key: string;
  authorization: string;
  prefer: string;
  skus: string[];
}

let seen: Seen[] = [];
let answerAfterMs = 5;
let answer: (n: number) => Response = () => Response.json({ id: "x", status: "CONFIRMED" }, { status: 201 });
let server: Server<undefined>;

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body: { items: { sku: string }[] } = JSON.parse(await request.text());
      seen.push({
        key: request.headers.get("idempotency-key") ?? "",
        authorization: request.headers.get("authorization") ?? "",
        prefer: request.headers.get("prefer") ?? "",
        skus: body.items.map((item) => item.sku),
      });
      const n = seen.length;
      await Bun.sleep(answerAfterMs);
      return answer(n);
    },
  });
});

afterAll(() => server.stop(true));

const plan = (over: Partial<LoadPlan>): LoadPlan => {
  seen = [];
  return {
    port: server.port ?? 0,
    durationMs: 500,
    connections: 8,
    tokens: ["token-a", "token-b", "token-c"],
    skus: ["BENCH-00001", "BENCH-00002", "BENCH-00003"],
    keyPrefix: "test",
    ...over,
  };
};

test("closed loop: every order is counted once, with its own key, two different products and each customer in turn", async () => {
  answerAfterMs = 5;
  answer = () => Response.json({ id: "x", status: "CONFIRMED", items: [{ status: "inner" }] }, { status: 201 });
  const result = await generateLoadApart(plan({}));
  expect(result.sent).toBe(seen.length);
  expect(result.answers).toEqual({ "201 CONFIRMED": result.sent });
  expect(result.confirmed).toBe(result.sent);
  expect(result.sent).toBeGreaterThan(100);
  expect(new Set(seen.map((order) => order.key)).size).toBe(seen.length);
  expect(new Set(seen.map((order) => order.authorization)).size).toBe(3);
  expect(seen.every((order) => order.skus.length === 2 && order.skus[0] !== order.skus[1])).toBe(true);
  expect(seen[0]?.prefer).toBe("wait=25");
  expect(result.confirm.p50Ms).toBeGreaterThanOrEqual(4);
  expect(result.cpuMs).toBeGreaterThan(0);
});

test("open loop: the rate holds, and a stalled server's queue shows in the times", async () => {
  answerAfterMs = 100;
  answer = () => Response.json({ id: "x", status: "CONFIRMED" }, { status: 201 });
  const steady = await generateLoadApart(plan({ ratePerSecond: 100, durationMs: 1000, connections: 64 }));
  expect(steady.sent).toBe(100);
  expect(steady.confirm.p50Ms).toBeLessThan(300);
  // Two at a time at 100 ms each serve 20 a second of the 100 that are due.
  const stalled = await generateLoadApart(plan({ ratePerSecond: 100, durationMs: 500, connections: 2 }));
  expect(stalled.sent).toBe(50);
  expect(stalled.confirm.maxMs).toBeGreaterThan(1500);
});

test("refusals and errors are counted by what they are, never as confirmed", async () => {
  answerAfterMs = 0;
  answer = (n) =>
    n % 2 === 0
      ? Response.json({ id: "x", status: "REJECTED", reason: "out_of_stock" }, { status: 201 })
      : new Response("busy", { status: 503, headers: n % 4 === 1 ? {} : { "retry-after": "1" } });
  const result = await generateLoadApart(plan({ durationMs: 200 }));
  expect(result.confirmed).toBe(0);
  expect(result.answers["201 REJECTED"]).toBeGreaterThan(0);
  // One that does not say when to come back is a failure.
  expect(result.answers["503"]).toBeGreaterThan(0);
  expect(result.rejected.count).toBeGreaterThan(0);
  expect(result.answers[REJECTED]).toBe(result.rejected.count);
  expect(result.sampleFailure).toBeDefined();
});

test("a server that is not there ends the run at once", async () => {
  const result = await generateLoadApart(plan({ port: 1, durationMs: 10_000 }));
  expect(result.confirmed).toBe(0);
  expect(Object.keys(result.answers)).toEqual(["0"]);
});

test("responses in pieces, chunked, empty or broken", () => {
  const whole = "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nbody";
  expect(readResponse(whole)).toMatchObject({ status: 201, body: "body", closes: false });
  for (let cut = 0; cut < whole.length; cut++) expect(readResponse(whole.slice(0, cut))).toBe("incomplete");
  expect(
    readResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
  ).toMatchObject({ status: 200, body: "abcde", closes: false });
  expect(readResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")).toBe("incomplete");
  expect(readResponse("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")).toMatchObject({
    status: 204,
    body: "",
    closes: true,
  });
  expect(readResponse("SSH-2.0-other\r\n\r\n")).toBe("unreadable");
});
