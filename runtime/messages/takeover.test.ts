import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { NothingHappened } from "./call.ts";
import { incoming, LEASE_MS, newKey, type Replica, type ReplicaOptions, testBench } from "./replicas.fixture.ts";
import { shardOf } from "./shard.ts";
import type { Ports } from "./tally.fixture.ts";

const bench = testBench();

const never = () => new Promise<never>(() => undefined);
const holders = async () =>
  (await bench.rows("select holder, count(*) as n from shard group by holder order by n")).map((row) => ({
    holder: row.holder,
    n: Number(row.n),
  }));
/** Two replicas that have come to hold eight shards each. */
async function pair(options: ReplicaOptions = {}): Promise<[Replica, Replica]> {
  const one = await bench.replica(options);
  const two = await bench.replica(options);
  await until("both hold half", async () => (await holders()).map(({ n }) => n).join() === "8,8");
  return [one, two];
}
const names = (replica: Replica) => replica.published.map(({ key, sequence }) => `${key}/${sequence}`);

/** The replica that does not hold the key's shard commits; the other one is the holder. */
async function withKeyHeldBy(
  holderIndex: number,
  options: ReplicaOptions = {},
): Promise<{ holder: Replica; other: Replica; key: string }> {
  const first = await bench.replica(options);
  const [alone] = await bench.rows("select holder from shard where shard = 0");
  const second = await bench.replica(options);
  await until("both hold half", async () => (await holders()).map(({ n }) => n).join() === "8,8");
  const held = new Set(
    (await bench.rows("select shard from shard where holder = $1", String(alone?.holder))).map(({ shard }) =>
      Number(shard),
    ),
  );
  let key = newKey();
  while (held.has(shardOf(key)) !== (holderIndex === 0)) key = newKey();
  return holderIndex === 0 ? { holder: first, other: second, key } : { holder: second, other: first, key };
}

describe("shards", () => {
  test("are shared evenly while two live, and given back at once by one that stops", async () => {
    const [one, two] = await pair();
    await one.stop();
    const stoppedMs = systemClock.now();
    await until("the other holds all", async () => (await holders())[0]?.n === 16 && (await holders()).length === 1);
    expect(systemClock.now() - stoppedMs).toBeLessThan(LEASE_MS);
    await two.stop();
    expect(await holders()).toEqual([{ holder: null, n: 16 }]);
    expect(await bench.count("replica")).toBe(0);
  });

  test("of a dead replica are taken after its lease, not before", async () => {
    const [one, two] = await pair();
    one.kill();
    const killedMs = systemClock.now();
    await until("the other holds all", async () => (await holders()).length === 1);
    expect(systemClock.now() - killedMs).toBeGreaterThanOrEqual(LEASE_MS * 0.7);
    await two.stop();
  });

  test("are taken at once by an exclusive start", async () => {
    const one = await bench.replica();
    one.kill();
    const startedMs = systemClock.now();
    await bench.replica({ exclusive: true });
    expect(systemClock.now() - startedMs).toBeLessThan(LEASE_MS);
    expect((await holders()).map(({ n }) => n)).toEqual([16]);
    expect(await bench.count("replica")).toBe(1);
  });

  test("make a holder that cannot renew stop acting by itself; what it committed meanwhile goes out afterwards", async () => {
    const replica = await bench.replica();
    const key = newKey();
    replica.faults.upkeepDown = true;
    await systemScheduler.sleep(LEASE_MS + 50);
    await replica.deliver(
      incoming(key, 1, { name: "first", emit: 1, calls: ["undo"], timers: [{ kind: "ring", dueMs: Date.now() }] }),
    );
    await systemScheduler.sleep(100);
    expect(replica.published).toEqual([]);
    expect(replica.made).toEqual([]);
    expect(await bench.effects(key)).toEqual(["first"]);
    replica.faults.upkeepDown = false;
    await until(
      "all of it is done",
      async () => (await bench.effects(key)).length === 2 && names(replica).length === 1,
    );
    expect(replica.made).toEqual(["undo first"]);
    expect(await bench.effects(key)).toEqual(["first", "ring"]);
    await until("the outbox is empty", async () => (await bench.count("outbox")) === 0);
  });

  test("that were taken are swept in the end, though the first sweep failed", async () => {
    const one = await bench.replica();
    const key = newKey();
    // It commits, and may no longer publish.
    one.faults.upkeepDown = true;
    await systemScheduler.sleep(LEASE_MS + 50);
    await one.deliver(incoming(key, 1, { name: "first", emit: 1 }));
    one.kill();
    const two = await bench.replica();
    let failures = 3;
    two.faults.seen = ({ text }) => {
      two.faults.upkeepDown = text.includes("from outbox") && failures-- > 0;
    };
    await until("it is published", () => names(two).length === 1);
    expect(failures).toBeLessThanOrEqual(0);
  });
});

describe("a replica that dies between commit and acknowledgement", () => {
  test("leaves its outbox to the next one, which publishes in order under the same names", async () => {
    const one = await bench.replica();
    const key = newKey();
    // The rows are committed and published, their deletion never happens.
    one.faults.seen = ({ text }) => {
      if (text.includes("delete from outbox")) one.faults.dead = true;
    };
    await one.deliver(incoming(key, 1, { name: "first", emit: 3 }));
    await until("it is dead", () => one.faults.dead);
    one.kill();
    expect(await bench.count("outbox")).toBe(3);
    const two = await bench.replica();
    await until("all is published again", async () => (await bench.count("outbox")) === 0);
    expect(names(two)).toEqual([1, 2, 3].map((n) => `${key}/${n}`));
    expect(names(one)).toEqual(names(two));
    await two.deliver(incoming(key, 1, { name: "first", emit: 3 }));
    expect(await bench.effects(key)).toEqual(["first"]);
  });

  test("leaves its timers, which fire once and in order", async () => {
    const one = await bench.replica();
    const key = newKey();
    const dueMs = Date.now() + 150;
    await one.deliver(
      incoming(key, 1, {
        name: "first",
        timers: [
          { kind: "later", dueMs: dueMs + 1 },
          { kind: "ring", dueMs },
        ],
      }),
    );
    one.kill();
    await bench.replica();
    await until("both fired", async () => (await bench.effects(key)).length === 3);
    expect(await bench.effects(key)).toEqual(["first", "ring", "later"]);
    expect(await bench.count("timer")).toBe(0);
  });

  test("leaves its calls: asked for, or repeated where that is allowed", async () => {
    const one = await bench.replica({ ports: { make: never } });
    const key = newKey();
    await one.deliver(incoming(key, 1, { name: "first", add: 1, calls: ["ask", "undo"] }));
    await until("both are under way", () => one.made.length === 2);
    one.kill();
    const two = await bench.replica();
    await until("both have ended", async () => (await bench.count("call_intent")) === 0);
    expect(two.made).toEqual(["undo first"]);
    expect((await bench.effects(key)).sort()).toEqual(["ask first: unknown", "first", "undo first: yes"]);
  });
});

describe("what one replica commits in a shard of the other", () => {
  test("is published, fires and is called by the holder", async () => {
    const { holder, other, key } = await withKeyHeldBy(0);
    await other.deliver(
      incoming(key, 1, {
        name: "first",
        add: 1,
        emit: 1,
        calls: ["ask", "undo"],
        timers: [{ kind: "ring", dueMs: Date.now() + 30 }],
      }),
    );
    await until(
      "everything is done",
      async () => (await bench.effects(key)).length === 4 && names(holder).length === 1,
    );
    // The other one says that it has not begun the call, so nothing needs to be asked for.
    expect((await bench.effects(key)).sort()).toEqual(["ask first: yes", "first", "ring", "undo first: yes"]);
    expect(names(other)).toEqual([]);
    expect(other.made).toEqual([]);
  });

  test("is decided on the row as it is, not as the holder remembers it", async () => {
    const { holder, other, key } = await withKeyHeldBy(1);
    await holder.deliver(incoming(key, 1, { name: "remembered" }));
    const dueMs = Date.now() + 20;
    await other.deliver(
      incoming(key, 2, { name: "counts", add: 1, calls: ["ask"], timers: [{ kind: "ifCounted", dueMs }] }),
    );
    await until("both are gone", async () => (await bench.count("timer")) + (await bench.count("call_intent")) === 0);
    expect((await bench.effects(key)).sort()).toEqual(["ask counts: yes", "counted", "counts", "remembered"]);
  });
});

describe("calls", () => {
  test("that one replica has taken from another and not ended are asked about by the next", async () => {
    const { holder, other, key } = await withKeyHeldBy(0, { ports: { make: never } });
    await other.deliver(incoming(key, 1, { name: "first", add: 1, calls: ["ask"] }));
    await until("the holder makes it", () => holder.made.length === 1);
    holder.kill();
    await until("the other has asked", async () => (await bench.effects(key)).length === 2);
    expect((await bench.effects(key)).sort()).toEqual(["ask first: unknown", "first"]);
    expect(other.made).toEqual([]);
  });

  test("that still wait when the process stops are not made any more", async () => {
    const ends: ((answer: string) => void)[] = [];
    const one = await bench.replica({
      callConcurrency: 1,
      ports: { make: () => new Promise((resolve) => ends.push(resolve)) },
    });
    const key = newKey();
    await one.deliver(incoming(key, 1, { name: "first", calls: ["ask", "undo"] }));
    await until("one is under way", () => ends.length === 1);
    const stopping = one.stop();
    ends[0]?.("yes");
    await stopping;
    expect(one.made).toHaveLength(1);
    expect(await bench.count("call_intent")).toBe(2);
  });

  test("that still wait when the lease ends are left to whoever holds the shard", async () => {
    const ends: ((answer: string) => void)[] = [];
    const one = await bench.replica({
      callConcurrency: 1,
      ports: { make: () => new Promise((resolve) => ends.push(resolve)) },
    });
    const key = newKey();
    await one.deliver(incoming(key, 1, { name: "first", add: 1, calls: ["undo", "undo"] }));
    await until("one is under way", () => ends.length === 1);
    one.faults.upkeepDown = true;
    await systemScheduler.sleep(LEASE_MS + 50);
    ends[0]?.("yes");
    await systemScheduler.sleep(50);
    expect(one.made).toHaveLength(1);
    one.faults.upkeepDown = false;
    await until("the other is made as well", () => ends.length === 2);
    ends[1]?.("yes");
    await until("both have ended", async () => (await bench.count("call_intent")) === 0);
  });

  const providers: readonly (readonly [what: string, make: Ports["make"], outcome: string])[] = [
    ["does not answer", never, "unknown"],
    ["refuses the connection", () => Promise.reject(new NothingHappened("down")), "unavailable"],
    ["breaks off", () => Promise.reject(new TypeError("socket hang up")), "unknown"],
    ["answers against its contract", () => Promise.resolve(7 as never), "unknown"], // Wrong on purpose.
  ];
  test.each(providers)("of a provider that %s end with an outcome, and park nothing", async (_what, make, outcome) => {
    const replica = await bench.replica({ callTimeoutMs: 50, ports: { make } });
    const key = newKey();
    await replica.deliver(incoming(key, 1, { name: "first", add: 1, calls: ["ask"] }));
    await until("it has ended", async () => (await bench.effects(key)).length === 2);
    expect(await bench.effects(key)).toEqual(["first", `ask first: ${outcome}`]);
    expect(await bench.count("dead_letter")).toBe(0);
  });
});

describe("timers", () => {
  test("fire at or after their time, moved ones once, cancelled ones never", async () => {
    const replica = await bench.replica();
    const [moved, cancelled] = [newKey(), newKey()];
    const soonMs = Date.now() + 60;
    const set = (kind: string, dueMs: number) => ({ name: "set", timers: [{ kind, dueMs }] });
    await replica.deliver(incoming(moved, 1, set("ring", soonMs)));
    await replica.deliver(incoming(moved, 2, set("ring", soonMs + 80)));
    await replica.deliver(incoming(cancelled, 1, set("ring", soonMs)));
    await replica.deliver(incoming(cancelled, 2, { name: "cancel", cancel: ["ring"] }));
    await until("the moved one has fired", async () => (await bench.effects(moved)).includes("ring"));
    expect(Date.now()).toBeGreaterThanOrEqual(soonMs + 80);
    expect(await bench.effects(moved)).toEqual(["set", "set", "ring"]);
    expect(await bench.effects(cancelled)).toEqual(["set", "cancel"]);
  });

  test("of many keys all fire, also more than one page of them", async () => {
    const replica = await bench.replica();
    const keys = Array.from({ length: 450 }, newKey);
    const dueMs = Date.now() + 50;
    await Promise.all(
      keys.map((key) => replica.deliver(incoming(key, 1, { name: "set", timers: [{ kind: "ring", dueMs }] }))),
    );
    await until("all have fired", async () => (await bench.count("timer")) === 0);
    expect(
      await bench.rows("select count(*) as n, count(distinct key) as keys from effect where what = 'ring'"),
    ).toEqual([{ n: 450, keys: 450 }]);
  });
});
