import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import type { IntentRow } from "./item.ts";
import { send } from "./letters.fixture.ts";
import { ids, incoming, newKey, testBench } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";

const bench = testBench();

const NO_ANSWER = "of none, as nobody answers,";

test.each(["08006", "40001", "40P01", "53100", "53300", "57014", "57P03", "58030", "55P03", NO_ANSWER])(
  "SQLSTATE %s never parks: messages, timers and outcomes wait until it is over",
  async (sqlState) => {
    const planted = Promise.withResolvers<void>();
    const replica = await bench.replica({ ports: { make: () => planted.promise.then(() => "yes") } });
    const key = newKey();
    const dueMs = systemClock.now() + 600;
    const timers = [{ kind: "ring", dueMs }];
    await send(replica, key, [{ name: "first", add: 1, calls: ["ask"], timers }]);
    if (sqlState === NO_ANSWER) replica.faults.down = true;
    else await bench.rows("insert into trouble values ($1)", sqlState);
    planted.resolve();
    const waiting = replica.deliver(incoming(key, 2, { name: "second" }));
    await until("it has been tried", () => replica.logged.some(({ event }) => event === "batch.unavailable"));
    // So that the timer has been due for a while.
    await systemScheduler.sleep(dueMs + 100 - systemClock.now());
    expect(await bench.count("dead_letter")).toBe(0);
    expect(await bench.effects(key)).toEqual(["first"]);
    replica.faults.down = false;
    await bench.rows("delete from trouble");
    await waiting;
    await until("all of it is done", async () => (await bench.effects(key)).length >= 4);
    expect(await bench.count("dead_letter")).toBe(0);
    expect(replica.logged.filter(({ event }) => event === "message.parked")).toEqual([]);
  },
);

test("a rival's conflict right after a long outage parks nothing: what the outage cost is not counted", async () => {
  const replica = await bench.replica({ limits: { retryMs: 1 } });
  const key = newKey();
  let tried = 0;
  let conflicts = 0;
  replica.faults.seen = ({ text }) => {
    if (text.includes("from inbox_mark where key = any")) tried++;
    if (replica.faults.down || !text.startsWith("with w0") || conflicts > 0) return;
    conflicts++;
    throw new DatabaseError("conflict", "GD001", "planted: a rival was first");
  };
  replica.faults.down = true;
  const delivered = replica.deliver(incoming(key, 1, { name: "innocent" }));
  await until("it has been tried often", () => tried > 40);
  replica.faults.down = false;
  await delivered;
  expect(conflicts).toBe(1);
  expect(await bench.effects(key)).toEqual(["innocent"]);
  expect(await bench.count("dead_letter")).toBe(0);
});

test("what the database rejects is not parked where another replica has done it meanwhile", async () => {
  const replica = await bench.replica();
  const [called, timed] = [newKey(), newKey()];
  replica.faults.seen = async ({ text }) => {
    if (text.includes("gone_timer")) await bench.rows("delete from timer where key = $1", timed);
    if (text.includes("gone_intent")) await bench.rows("delete from call_intent where key = $1", called);
  };
  const dueMs = systemClock.now() + 80;
  await send(replica, timed, [{ name: "first", timers: [{ kind: "ring", dueMs }] }]);
  await bench.rows("insert into trouble values ('22003')");
  await bench.rows(
    "insert into tally (id, total, version, positions) values ($1, 1, 1, $2::text::json)",
    called,
    JSON.stringify({ in: {}, out: {} }),
  );
  replica.running.lane.push({
    kind: "outcome",
    key: called,
    intent: await intentOf(called),
    outcome: { kind: "answered", answer: JSON.stringify("yes") },
    settle: () => undefined,
  });
  await until("both were rejected", () => replica.logged.filter(({ event }) => event === "batch.rejected").length >= 2);
  await until("both are settled", () => replica.running.depth().queued === 0);
  await systemScheduler.sleep(50);
  expect(await bench.count("dead_letter")).toBe(0);
});

/** A call under way that no process follows. */
async function intentOf(key: string): Promise<IntentRow> {
  const intent = {
    shard: shardOf(key),
    id: ids.next(),
    key,
    kind: "ask",
    request: JSON.stringify({ from: "first" }),
    begun: true,
  };
  await bench.rows(
    "insert into call_intent (shard, id, key, kind, request) values ($1, $2::text::uuid, $3, $4, $5)",
    intent.shard,
    intent.id,
    intent.key,
    intent.kind,
    intent.request,
  );
  return intent;
}
