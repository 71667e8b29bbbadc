import { describe, expect, test } from "bun:test";
import { activitySwitch } from "../activity/switch.fixture.ts";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { createInProcessTransport } from "../transport/inprocess.ts";
import { until } from "../until.fixture.ts";
import { LEASE_MS, newKey, type Replica, type ReplicaOptions, testBench } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

/** How many shards each holder has, the most first. */
const holders = async () =>
  (await bench.rows("select holder, count(*) as n from shard group by holder order by n desc")).map((row) => ({
    holder: row.holder,
    n: Number(row.n),
  }));
const heldBy = async (holder: unknown) => (await holders()).find((each) => each.holder === holder)?.n ?? 0;

/** A replica that may stand by, and its switch. Its publishing is seen, since its listener is not a part of the colour. */
async function coloured(isActive: boolean, options: ReplicaOptions = {}) {
  const activity = activitySwitch(isActive);
  const transport = () => ({ ...createInProcessTransport(), consume: () => undefined });
  return { activity, replica: await bench.replica({ activity, transport, ...options }) };
}

/** An active replica, whose id is `holder`, and one that stands by. */
async function twoColours(options: ReplicaOptions = {}) {
  const active = await coloured(true, options);
  const [row] = await bench.rows("select id from replica");
  return { holder: String(row?.id), active, idle: await coloured(false, options) };
}

const everything = (dueMs: number) => ({
  name: "first",
  add: 1,
  emit: 1,
  calls: ["ask" as const, "undo" as const],
  timers: [{ kind: "ring", dueMs }],
});
const names = (replica: Replica) => replica.published.map(({ key, sequence }) => `${key}/${sequence}`);

describe("a replica that stands by", () => {
  test("takes no shard from an active one, and is not among those who share them by the rules of older versions", async () => {
    const { holder } = await twoColours();
    await systemScheduler.sleep(2 * LEASE_MS);
    expect(await holders()).toEqual([{ holder, n: 16 }]);
    expect([await bench.count("replica"), await bench.count("idle_replica")]).toEqual([1, 1]);
  });

  test("leaves what it commits to the active one, which publishes, fires and calls, and needs to ask about nothing", async () => {
    const { active, idle } = await twoColours();
    const key = newKey();
    await idle.replica.run(openTally, key, everything(systemClock.now() + 30));
    await until("everything is done", async () => (await bench.effects(key)).length === 4);
    expect((await bench.effects(key)).sort()).toEqual(["ask first: yes", "first", "ring", "undo first: yes"]);
    await until("it is published", () => names(active.replica).length === 1);
    expect([names(idle.replica), idle.replica.made]).toEqual([[], []]);
  });

  test("holds the shards and publishes where no active one lives; timers and calls wait for one", async () => {
    const { active, idle } = await twoColours();
    active.replica.kill();
    await until("it holds all", async () => (await holders()).length === 1 && (await holders())[0]?.n === 16);
    const key = newKey();
    await idle.replica.run(openTally, key, everything(systemClock.now()));
    await until("it is published", () => names(idle.replica).length === 1);
    await systemScheduler.sleep(2 * LEASE_MS);
    expect([idle.replica.made, await bench.effects(key)]).toEqual([[], ["first"]]);
    idle.activity.set(true);
    await until("timers and calls are done", async () => (await bench.effects(key)).length === 4);
    // It had not begun the calls, so there is nothing to ask about.
    expect((await bench.effects(key)).sort()).toEqual(["ask first: yes", "first", "ring", "undo first: yes"]);
  });

  test("shares the shards with others that stand by, and an active one takes them all without waiting for a lease", async () => {
    await coloured(false);
    await coloured(false);
    await until("both hold half", async () => (await holders()).map(({ n }) => n).join() === "8,8");
    const joinedMs = systemClock.now();
    await coloured(true);
    const [row] = await bench.rows("select id from replica");
    await until("the active one holds all", async () => (await heldBy(row?.id)) === 16);
    expect(systemClock.now() - joinedMs).toBeLessThan(LEASE_MS);
  });
});

describe("at the switch", () => {
  test("the new colour takes its share and works at once; the old one goes on until it is told to end", async () => {
    const { holder, active, idle } = await twoColours();
    const key = newKey();
    idle.activity.set(true);
    const switchedMs = systemClock.now();
    await until("both hold half", async () => (await holders()).map(({ n }) => n).join() === "8,8");
    expect(systemClock.now() - switchedMs).toBeLessThan(LEASE_MS);
    active.activity.set(false);
    await until("the old one holds none", async () => (await heldBy(holder)) === 0);
    expect((await holders()).map(({ n }) => n)).toEqual([16]);
    await active.replica.run(openTally, key, everything(systemClock.now()));
    await until("everything is done", async () => (await bench.effects(key)).length === 4);
    expect([idle.replica.made.sort(), active.replica.made]).toEqual([["ask first", "undo first"], []]);
  });

  test("that is taken back the old colour has its shards again, and the new one none", async () => {
    const { holder, active, idle } = await twoColours();
    idle.activity.set(true);
    active.activity.set(false);
    await until("the new one holds all", async () => (await heldBy(holder)) === 0 && (await holders()).length === 1);
    active.activity.set(true);
    idle.activity.set(false);
    await until("the old one holds all", async () => (await heldBy(holder)) === 16);
  });

  test("a timer that is due fires in the one colour or in the other, without a pause of a lease", async () => {
    const { active, idle } = await twoColours();
    const keys = Array.from({ length: 40 }, newKey);
    const startMs = systemClock.now();
    await Promise.all(
      keys.map((key, index) =>
        idle.replica.run(openTally, key, {
          name: "set",
          timers: [{ kind: "ring", dueMs: startMs + 100 + index * 10 }],
        }),
      ),
    );
    await systemScheduler.sleep(200);
    idle.activity.set(true);
    active.activity.set(false);
    await until("all have fired", async () => (await bench.count("timer")) === 0);
    expect(systemClock.now() - startMs).toBeLessThan(500 + LEASE_MS);
    for (const key of keys) expect([shardOf(key), await bench.effects(key)]).toEqual([shardOf(key), ["set", "ring"]]);
  });
});

test("calls that were under way when their replica was told to stand by are ended by it, and asked about by nobody in vain", async () => {
  const ends: ((answer: string) => void)[] = [];
  const active = await coloured(true, { ports: { make: () => new Promise((resolve) => ends.push(resolve)) } });
  const key = newKey();
  await active.replica.run(openTally, key, { name: "first", add: 1, calls: ["ask"] });
  await until("it is under way", () => ends.length === 1);
  active.activity.set(false);
  await systemScheduler.sleep(100);
  ends[0]?.("yes");
  await until("it has ended", async () => (await bench.count("call_intent")) === 0);
  expect(await bench.effects(key)).toEqual(["first", "ask first: yes"]);
});
