import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { until } from "../until.fixture.ts";
import { ids, incoming, type Logged, newKey, testBench } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import { createUnknownKinds } from "./unknown-kinds.ts";

const bench = testBench();

/** What a replica of another version has committed. */
const setTimer = (key: string, kind: string, dueMs = systemClock.now()) =>
  bench.rows(
    "insert into timer (shard, key, kind, due_at) values ($1::smallint, $2, $3, $4::text::timestamptz)",
    shardOf(key),
    key,
    kind,
    new Date(dueMs).toISOString(),
  );
const ask = (key: string, kind: string) =>
  bench.rows(
    "insert into call_intent (shard, id, key, kind, request) values ($1::smallint, $2::text::uuid, $3, $4, $5)",
    shardOf(key),
    ids.next(),
    key,
    kind,
    JSON.stringify({ from: key }),
  );

test("timers and calls of kinds that a version does not know hold up no others, and wait for one that does", async () => {
  const older = await bench.replica({ unknownKinds: ["ring", "undo"] });
  const key = newKey();
  await older.deliver(incoming(key, 1, { name: "first", add: 1 }));
  // More than a look reads at once, all due before the one that is known.
  const others = Array.from({ length: 250 }, newKey);
  await Promise.all(others.map((other) => setTimer(other, "ring", 0)));
  await setTimer(key, "ring", 0);
  await ask(key, "undo");
  await setTimer(key, "later");
  await ask(key, "ask");
  await until("what it knows is done", async () => (await bench.effects(key)).length === 3, 15_000);
  expect((await bench.effects(key)).sort()).toEqual([`ask ${key}: unknown`, "first", "later"]);
  expect([await bench.count("timer"), await bench.count("call_intent")]).toEqual([251, 1]);

  await older.stop();
  await bench.replica();
  await until(
    "all is done",
    async () => (await bench.count("timer")) + (await bench.count("call_intent")) === 0,
    15_000,
  );
  expect((await bench.effects(key)).slice(3).sort()).toEqual(["ring", `undo ${key}: yes`]);
  expect(await bench.count("dead_letter")).toBe(0);
});

test("what has stood for two looks is told once, and again when it has been away; what is not due or known never", async () => {
  const [key, other] = [newKey(), newKey()];
  const logged: Logged[] = [];
  let nowMs = systemClock.now();
  const look = createUnknownKinds({
    module: "tally",
    database: bench.database,
    clock: { now: () => nowMs },
    log: (_level, event, fields) => logged.push({ event, fields }),
    shards: { held: () => [shardOf(key)] },
    calls: ["ask"],
    timers: ["ring"],
  });
  const looks = async (times: number) => {
    for (let n = 0; n < times; n++) {
      nowMs += 60_000;
      await look();
    }
    return logged.splice(0).map(({ event, fields }) => [event, fields.waits, fields.key, fields.count]);
  };
  await setTimer(key, "newer", nowMs);
  await setTimer(key, "ring", nowMs);
  await setTimer(key, "newest", nowMs + 3_600_000);
  await ask(key, "newer");
  await ask(key, "newer");
  await ask(key, "ask");
  if (shardOf(other) !== shardOf(key)) await ask(other, "elsewhere");
  expect(await looks(1)).toEqual([]);
  await look();
  expect(logged).toEqual([]);
  expect(await looks(3)).toEqual([
    ["kind.unknown", "call:newer", key, 2],
    ["kind.unknown", "timer:newer", key, 1],
  ]);
  await bench.rows("delete from timer where kind = 'newer'");
  expect(await looks(1)).toEqual([]);
  await setTimer(key, "newer", nowMs);
  expect(await looks(2)).toEqual([["kind.unknown", "timer:newer", key, 1]]);
});
