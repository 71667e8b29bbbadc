import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";
import { generateReadsApart, type ReadPlan } from "./read-generator.ts";

let server: Server<undefined>;
let asked: string[] = [];
let answer: (id: string) => Response = (id) => Response.json({ id });

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const id = new URL(request.url).pathname.slice("/orders/".length);
      asked.push(`${id} ${request.headers.get("authorization")}`);
      await Bun.sleep(2);
      return answer(id);
    },
  });
});
afterAll(() => server.stop(true));

const objects = ["a1", "b2", "c3"].map((id) => ({ path: `/orders/${id}`, token: `token of ${id}`, id }));
const plan = (over: Partial<ReadPlan> = {}): ReadPlan => {
  asked = [];
  return { port: server.port ?? 0, durationMs: 400, connections: 4, objects, ...over };
};

test("each object is asked for in turn with its owner's token, and timed", async () => {
  answer = (id) => Response.json({ id });
  const { latency, wrong, seconds, cpuMs } = await generateReadsApart(plan());
  expect([latency.count, wrong]).toEqual([asked.length, 0]);
  expect(asked.length).toBeGreaterThan(20);
  expect(new Set(asked)).toEqual(new Set(["a1 Bearer token of a1", "b2 Bearer token of b2", "c3 Bearer token of c3"]));
  expect(latency.p50Ms).toBeGreaterThan(1);
  expect(seconds).toBeGreaterThanOrEqual(0.4);
  expect(cpuMs).toBeGreaterThan(0);
});

test("another object, and an answer that is none, are wrong", async () => {
  answer = (id) => (id === "a1" ? Response.json({ id: "b2" }) : Response.json({ id }));
  const mixed = await generateReadsApart(plan());
  expect(mixed.wrong).toBe(asked.filter((each) => each.startsWith("a1")).length);
  expect(mixed.sampleWrong).toBe('200 {"id":"b2"}');
  answer = () => new Response("no", { status: 404 });
  const refused = await generateReadsApart(plan({ durationMs: 60_000 }));
  expect(refused.latency.count).toBe(0);
  expect(refused.wrong).toBeGreaterThanOrEqual(100);
});

test("a server that is not there gives no time", async () => {
  const { latency, wrong } = await generateReadsApart(plan({ port: 1, durationMs: 60_000 }));
  expect(latency.count).toBe(0);
  expect(wrong).toBeGreaterThanOrEqual(100);
});
