/** What a module's message core tells as metrics of what it has done, and of what waits. */
import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { defineCounter } from "../telemetry/metrics/declaration.ts";
import { type Measures, measureOf } from "../telemetry/metrics/measure.ts";
import { metricsBench } from "../telemetry/metrics/metrics.fixture.ts";
import { until } from "../until.fixture.ts";
import { incoming, newKey, type ReplicaOptions, testBench } from "./replicas.fixture.ts";
import { changeTally, openTally, type Tally } from "./tally.fixture.ts";

const bench = testBench();

async function measured(options: ReplicaOptions = {}) {
  const { metrics, pass, samples } = metricsBench(2_000);
  const replica = await bench.replica({ ...options, metrics });
  /** The samples that begin so, without the label that all of them have. */
  const told = async (start: string) =>
    (await samples()).filter((line) => line.startsWith(start)).map((line) => line.replace('module="tally",', ""));
  /** Kind, handler and outcome of all that was done, with how often. */
  const done = async () =>
    (await told("handler_duration_seconds_count")).map((line) =>
      line.replace(/.*kind="(.*)",handler="(.*)",outcome="(.*)"} (\d+)/, "$1 $2 $3 $4"),
    );
  return { ...replica, pass, samples, told, done };
}

describe("what a lane does", () => {
  test("is counted by handler and by how it ended: messages, timers, commands, outcomes of calls", async () => {
    const { deliver, run, done } = await measured();
    const key = newKey();
    await deliver(incoming(key, 1, { name: "one", add: 1, calls: ["ask"] }));
    await deliver(incoming(key, 2, { name: "two", timers: [{ kind: "ring", dueMs: 0 }] }));
    await deliver(incoming(key, 1, { name: "abroad" }, "Happened", "foreign"));
    await deliver(incoming(key, 3, { name: "ignored" }, "Ignored"));
    await deliver(incoming(newKey(), 1, { name: "bad", boom: "a bug" }));
    await run(openTally, newKey(), { name: "opened", add: 1 });
    const broken = run(changeTally, key, { name: "broken", boom: "a bug" });
    await expect(broken).rejects.toThrow("a bug");
    await until("the call and the timer are over", async () => (await bench.effects(key)).length === 5);
    await until("all of it is counted", async () => (await done()).length === 8);
    expect((await done()).sort()).toEqual([
      "call ask handled 1",
      "command change failed 1",
      "command open handled 1",
      "message foreign.Happened handled 1",
      "message other handled 1",
      "message tally.Do handled 2",
      "message tally.Do parked 1",
      "timer ring handled 1",
    ]);
  });

  test("what the database refuses is parked, or fails, and is counted once", async () => {
    const { deliver, run, done } = await measured();
    await run(openTally, newKey(), { name: "first", label: "taken" });
    await deliver(incoming(newKey(), 1, { name: "too much", add: 3_000_000_000 }));
    await expect(run(openTally, newKey(), { name: "as well", add: 3_000_000_000 })).rejects.toThrow();
    expect((await done()).sort()).toEqual([
      "command open failed 1",
      "command open handled 1",
      "message tally.Do parked 1",
    ]);
  });

  test("lasts from its first arrival to its commit, also where it waits for an earlier message", async () => {
    const { deliver, told, done, pass, running } = await measured();
    const key = newKey();
    const second = deliver(incoming(key, 2, { name: "second" }));
    await until("it waits", () => running.depth().waiting === 1);
    expect(await done()).toEqual([]);
    pass(7);
    await deliver(incoming(key, 1, { name: "first" }));
    await second;
    expect(await done()).toEqual(["message tally.Do handled 2"]);
    expect(await told("handler_duration_seconds_sum")).toEqual([
      'handler_duration_seconds_sum{kind="message",handler="tally.Do",outcome="handled"} 7',
    ]);
  });

  test("commands have labels of their own as long as there are few of them", async () => {
    const { run, done } = await measured();
    for (let index = 0; index < 60; index++)
      await run({ ...openTally, name: `open ${index}` }, newKey(), { name: "opened" });
    const counted = await done();
    expect(counted).toHaveLength(51);
    expect(counted).toContain("command other handled 10");
  });
});

describe("what waits", () => {
  test("is read when somebody asks: outbox, calls, timers, letters, the lane", async () => {
    const { samples, deliver, told } = await measured({ ports: { make: () => new Promise<never>(() => undefined) } });
    const nothing = await samples();
    for (const name of ["outbox_messages", "outbox_age_seconds", "calls_waiting", "timers_due", "dead_letters"])
      expect(nothing).toContain(`${name}{module="tally"} 0`);
    expect(nothing).toContain('lane_items{module="tally",state="queued"} 0');
    expect(nothing).toContain('lane_backlog_seconds{module="tally"} 0');

    await deliver(incoming(newKey(), 1, { name: "calls", calls: ["ask", "undo"] }));
    await deliver(incoming(newKey(), 1, { name: "bad", boom: "a bug" }));
    // Left by others, in a shard that nobody looks at.
    await bench.rows(
      `insert into outbox (shard, key, topic, sequence, message) values (99, 'k', 't', 1, $1)`,
      JSON.stringify({ type: "x", producer: "tally", timeMs: systemClock.now() - 60_000 }),
    );
    const due = new Date(systemClock.now() - 1000).toISOString();
    await bench.rows(
      "insert into timer (shard, key, kind, due_at) values (99, 'k', 'ring', $1::text::timestamptz)",
      due,
    );
    await bench.rows("insert into shard (shard, holder, epoch) values (99, null, 0)");
    try {
      const now = await samples();
      for (const line of ["outbox_messages", "timers_due", "dead_letters"])
        expect(now).toContain(`${line}{module="tally"} 1`);
      expect(now).toContain('calls_waiting{module="tally"} 2');
      const [age] = await told("outbox_age_seconds");
      const seconds = Number(age?.split(" ").at(-1));
      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThan(90);
    } finally {
      await bench.rows("delete from shard where shard = 99");
    }
  });

  test("of a database that is away is left out, and the lane is told of all the same", async () => {
    const { faults, samples } = await measured();
    faults.down = true;
    faults.upkeepDown = true;
    const lines = await samples();
    expect(lines.filter((line) => line.startsWith("outbox"))).toEqual([]);
    expect(lines).toContain('lane_items{module="tally",state="queued"} 0');
  });
});

describe("a module's own measures", () => {
  const grown = defineCounter({
    name: "tally.grown",
    unit: "{thing}",
    description: "By how much tallies grew.",
    labels: { step: "first or next" },
    whenHigh: "Nothing.",
  });
  const first = measureOf(grown, { step: "first" });
  const next = measureOf(grown, { step: "next" });
  const measures: Measures<Tally> = {
    declared: [first, next],
    of: (before, after) => [{ of: before === undefined ? first : next, value: after.total - (before?.total ?? 0) }],
  };

  test("are there from the start, and tell of each committed decision, also of two in one batch", async () => {
    const { deliver, told } = await measured({ measures });
    expect(await told("tally_grown_total")).toEqual([
      'tally_grown_total{step="first"} 0',
      'tally_grown_total{step="next"} 0',
    ]);
    const key = newKey();
    await Promise.all([1, 2, 3].map((sequence) => deliver(incoming(key, sequence, { name: "x", add: sequence }))));
    expect(await told("tally_grown_total")).toEqual([
      'tally_grown_total{step="first"} 1',
      'tally_grown_total{step="next"} 5',
    ]);
  });

  test("count once what was tried again and again, and not what was never committed", async () => {
    const { deliver, run, told, faults, logged } = await measured({ measures });
    faults.down = true;
    const delivered = deliver(incoming(newKey(), 1, { name: "x", add: 4 }));
    await until("it was tried", () => logged.some(({ event }) => event === "batch.unavailable"));
    faults.down = false;
    await delivered;
    await deliver(incoming(newKey(), 1, { name: "too much", add: 3_000_000_000 }));
    await expect(run(openTally, newKey(), { name: "x", add: 1, boom: "a bug" })).rejects.toThrow("a bug");
    expect(await told("tally_grown_total")).toContain('tally_grown_total{step="first"} 4');
  });

  test("that throw are reported, and harm nothing", async () => {
    const broken: Measures<Tally> = {
      declared: [],
      of: () => {
        throw new Error("a bug in what measures");
      },
    };
    const { deliver, logged } = await measured({ measures: broken });
    const key = newKey();
    await deliver(incoming(key, 1, { name: "goes on" }));
    expect(await bench.effects(key)).toEqual(["goes on"]);
    expect(logged.filter(({ event }) => event === "measure.failed")).toHaveLength(1);
  });
});
