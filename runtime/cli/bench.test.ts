import { expect, test } from "bun:test";
import { UsageError } from "./arguments.ts";
import { parseBenchArgs } from "./bench.ts";

test("each benchmark has a length and a number of rounds of its own, and short ones", () => {
  const of = (...args: string[]) => {
    const { name, seconds, rounds, connections } = parseBenchArgs(args);
    return { name, seconds, rounds, connections };
  };
  expect(of("split")).toEqual({ name: "split", seconds: 15, rounds: 3, connections: 128 });
  expect(of("split", "--quick")).toEqual({ name: "split", seconds: 4, rounds: 1, connections: 128 });
  expect(of("idle")).toMatchObject({ seconds: 30, rounds: 3 });
  expect(of("idle", "--quick", "--seconds", "5")).toMatchObject({ seconds: 5, rounds: 1 });
  expect(of("start")).toMatchObject({ rounds: 5 });
  expect(of("reads")).toMatchObject({ seconds: 15, rounds: 3 });
  expect(of("hop", "--quick")).toMatchObject({ seconds: 3, rounds: 1 });
  expect(of("orders", "--rounds", "2", "--connections=16")).toMatchObject({ rounds: 2, connections: 16 });
});

test("only growth stores orders: ten million, fewer in a short run, or as many as it is told", () => {
  expect(parseBenchArgs(["growth"]).orders).toBe(10_000_000);
  expect(parseBenchArgs(["growth", "--quick"]).orders).toBe(200_000);
  expect(parseBenchArgs(["growth", "--quick", "--orders", "5000"]).orders).toBe(5_000);
});

test.each([
  [["split", "--orders", "5"], "bench split stores no orders: --orders is for growth"],
  [["start", "--seconds", "5"], "bench start has no turns of a length: leave --seconds out"],
  [["growth", "--orders", "0"], "--orders takes a whole number from 1 to 100000000, not 0"],
  [
    [],
    "name one benchmark, orders, split, idle, start, overload, reads, hop, growth, tracing, rolling, shutdown, or authz, not none",
  ],
  [["sprint"], "not sprint"],
  [["toString"], "not toString"],
  [["split", "idle"], "not split idle"],
  [["split", "--seconds", "0"], "--seconds takes a whole number from 1 to 600, not 0"],
  [["idle", "--rounds", "many"], "--rounds takes a whole number"],
  [["split", "--brokers", "3"], "There is no flag"],
])("%p is refused with what to write", (args, advice) => {
  const refusal = () => parseBenchArgs(args);
  expect(refusal).toThrow(UsageError);
  expect(refusal).toThrow(advice);
});
