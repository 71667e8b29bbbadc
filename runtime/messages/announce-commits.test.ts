import { expect, test } from "bun:test";
import { createMemoryHints } from "../cache/memory.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { announceCommits } from "./announce-commits.ts";
import { newKey, testBench } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

test("commits that follow each other are told once, to the others", async () => {
  const bus = createMemoryHints(systemScheduler);
  const heard: string[] = [];
  const replica = (name: string) =>
    announceCommits({
      module: "tally",
      hints: bus.join(),
      scheduler: systemScheduler,
      rowsElsewhere: () => heard.push(`${name}: rows`),
      changedElsewhere: (keys) => heard.push(`${name}: ${keys.join()}`),
    });
  const [one] = [replica("one"), replica("two")];
  one.committed({ rows: true, keys: ["a"] });
  one.committed({ rows: false, keys: ["b", "c"] });
  await until("it is told", () => heard.length === 2);
  one.committed({ rows: false, keys: [] });
  await systemScheduler.sleep(20);
  expect(heard).toEqual(["two: rows", "two: a,b,c"]);
});

test("rows in a shard that another replica holds are published by it at once, long before it polls", async () => {
  const bus = createMemoryHints(systemScheduler);
  // Longer than the test may take.
  const pollMs = 60_000;
  const one = await bench.replica({ hints: bus.join(), pollMs });
  const two = await bench.replica({ hints: bus.join(), pollMs });
  await until("each holds half", async () => {
    const rows = await bench.rows("select count(*) as n from shard group by holder order by n");
    return rows.map(({ n }) => Number(n)).join() === "8,8";
  });
  const keys = Array.from({ length: 12 }, newKey);
  expect(new Set(keys.map(shardOf)).size).toBeGreaterThan(3);
  for (const key of keys) await one.run(openTally, key, { name: "a", add: 1, emit: 1 });
  await until("all are published", () => one.published.length + two.published.length === keys.length);
  expect(two.published.length).toBeGreaterThan(0);
  await until("the other one knows what was changed", () => keys.every((key) => two.elsewhere.includes(key)));
});
