import { expect, test } from "bun:test";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { SHARDS, shardOf } from "./shard.ts";

test("a key has the same shard in every release: rows in the tables depend on it", () => {
  expect(["", "a", "0198c5f0-0000-7000-8000-000000000001", "訂單"].map(shardOf)).toEqual(KNOWN);
});
const KNOWN = [5, 12, 5, 1];

test("keys spread evenly over the shards", () => {
  const ids = createIds({ now: () => 1_700_000_000_000 }, seededRandom(7));
  const counts = new Array<number>(SHARDS).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const shard = shardOf(ids.next());
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(800);
  expect(Math.max(...counts)).toBeLessThan(1200);
});
