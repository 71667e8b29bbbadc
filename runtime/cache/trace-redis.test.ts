import { expect, test } from "bun:test";
import { spansBench } from "../telemetry/spans.fixture.ts";
import type { Cache, Kept } from "./port.ts";
import { traceRedis } from "./trace-redis.ts";

const answers = { get: Promise.resolve<Kept>("kept"), set: Promise.resolve(true), remove: Promise.resolve(true) };
const cache: Cache = { get: () => answers.get, set: () => answers.set, remove: () => answers.remove };
const late: Cache = { get: async () => undefined, set: async () => false, remove: async () => false };

test("what a request asks of Redis is a span of it, without the key; what was too late has failed", async () => {
  const { tracer, ended, during } = spansBench();
  for (const each of [cache, late]) {
    const traced = traceRedis(each, tracer, "pricing");
    await during(async () => [
      await traced.get("alice"),
      await traced.set("alice", "a", 1),
      await traced.remove(["alice"]),
    ]);
  }
  const commands = ["get", "set", "del"];
  expect(ended.map(({ name, error }) => [name, error])).toEqual([
    ...commands.map((command) => [`redis ${command}`, null]),
    ...commands.map((command) => [`redis ${command}`, "unavailable"]),
  ]);
  expect(ended[0]).toMatchObject({
    kind: "client",
    attributes: { "app.module": "pricing", "peer.service": "redis", "db.system": "redis", "db.statement": "get" },
  });
  expect(JSON.stringify(ended)).not.toContain("alice");
});

test("nothing is made for what is not traced", () => {
  const { tracer, ended } = spansBench();
  const traced = traceRedis(cache, tracer, "pricing");
  expect(traced.get("k")).toBe(answers.get);
  expect(traced.set("k", "a", 1)).toBe(answers.set);
  expect(traced.remove(["k"])).toBe(answers.remove);
  expect(ended).toEqual([]);
});
