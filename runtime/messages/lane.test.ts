import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { CommandUnavailable } from "./command-unavailable.ts";
import { ids, incoming, newKey, testBench } from "./replicas.fixture.ts";
import { changeTally, openTally } from "./tally.fixture.ts";

const bench = testBench();

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const idempotency = () => ({ scope: ids.next(), bodyHash: ids.next(), status: 201, reference: "x" });

describe("a lane without a database", () => {
  test("pauses, tries again, loses nothing and repeats nothing", async () => {
    const replica = await bench.replica();
    const keys = Array.from({ length: 20 }, newKey);
    replica.faults.down = true;
    const delivered = Promise.all(keys.map((key) => replica.deliver(incoming(key, 1, { name: "x", emit: 1 }))));
    const command = replica.run(openTally, newKey(), { name: "patient", add: 4 }, { idempotency: idempotency() });
    await until("it was tried", () => replica.logged.some(({ event }) => event === "batch.unavailable"));
    replica.faults.down = false;
    await delivered;
    expect(await command).toEqual({ kind: "decided", answer: 4 });
    expect(await bench.count("effect")).toBe(21);
    await until("all are published", () => replica.published.length === 20);
  });

  test("fails commands when they expire, also those that were never tried, and never tries those", async () => {
    const replica = await bench.replica({ limits: { batchLimit: 1 } });
    replica.faults.down = true;
    const startedMs = systemClock.now();
    const keys = [newKey(), newKey(), newKey()];
    const run = (key: string) =>
      failure(
        replica.run(openTally, key, { name: "x" }, { idempotency: idempotency(), expiresMs: systemClock.now() + 100 }),
      );
    const errors = await Promise.all(keys.map(run));
    expect(systemClock.now() - startedMs).toBeLessThan(1000);
    for (const error of errors) expect(error).toBeInstanceOf(CommandUnavailable);
    expect(errors.map((error) => error instanceof CommandUnavailable && error.outcome)).toEqual([
      "unknown",
      "none",
      "none",
    ]);
    replica.faults.down = false;
    await replica.deliver(incoming(newKey(), 1, { name: "goes on" }));
    await until("nothing is queued", () => replica.running.depth().queued === 0);
    for (const key of keys.slice(1)) expect(await bench.effects(key)).toEqual([]);
    expect(replica.running.depth().commands).toBe(0);
  });

  test("answers commands when the outage lasts, refuses new ones while it tries, and takes them again afterwards", async () => {
    const replica = await bench.replica({ limits: { batchLimit: 1 } });
    replica.faults.down = true;
    const message = replica.deliver(incoming(newKey(), 1, { name: "waits" }));
    const run = () => failure(replica.run(openTally, newKey(), { name: "x" }, { idempotency: idempotency() }));
    // Long before they expire: the first may have been tried, the others have not.
    const errors = await Promise.all([run(), run(), run()]);
    for (const error of errors) expect(String(error)).toContain("the database takes no commits now");
    const refused = await run();
    expect(String(refused)).toContain("the database takes no commits now");
    expect(refused).toHaveProperty("outcome", "none");
    replica.faults.down = false;
    await message;
    expect((await replica.run(openTally, newKey(), { name: "x" })).kind).toBe("decided");
    await until("nothing is queued", () => replica.running.depth().queued === 0);
    expect(replica.running.depth().commands).toBe(0);
    const told = replica.logged.map(({ event }) => event).filter((event) => event.startsWith("batch."));
    expect(told).toEqual(["batch.unavailable", "batch.available"]);
  });

  test("tries again with a command when nothing else is left to try", async () => {
    const replica = await bench.replica();
    replica.faults.down = true;
    const run = () => replica.run(openTally, newKey(), { name: "x" }, { idempotency: idempotency() });
    expect(await failure(run())).toBeInstanceOf(CommandUnavailable);
    replica.faults.down = false;
    await until("it takes commands", () =>
      run().then(
        () => true,
        () => false,
      ),
    );
  });

  test("has its whole patience again once the database has answered anything, also when nothing was to be written", async () => {
    const time = { aheadMs: 0 };
    const clock = { now: () => systemClock.now() + time.aheadMs };
    for (const quiet of [true, false]) {
      const replica = await bench.replica({ clock });
      const events = () => replica.logged.map(({ event }) => event).filter((event) => event.startsWith("batch."));
      replica.faults.down = true;
      // Without an idempotency key it is given up at the first failure: nothing is left to be tried again.
      expect(await failure(replica.run(openTally, newKey(), { name: "x" }))).toBeInstanceOf(CommandUnavailable);
      replica.faults.upkeepDown = !quiet;
      replica.faults.down = false;
      // A renewal of the lease tells it, or a decision that only read.
      if (!quiet) expect((await replica.run(changeTally, newKey(), { name: "x", refuse: true })).kind).toBe("decided");
      await until("the outage is over", () => events().at(-1) === "batch.available");
      replica.faults.upkeepDown = false;
      time.aheadMs += 60_000;
      await until("the lease is renewed", () => bench.count("replica").then((count) => count > 0));
      let failures = 0;
      replica.faults.seen = ({ text }) => {
        if (!text.startsWith("with w0") || failures++ > 0) return;
        throw new DatabaseError("unavailable", "40P01", "planted: deadlock");
      };
      const command = replica.run(openTally, newKey(), { name: "x" }, { idempotency: idempotency() });
      expect((await command).kind).toBe("decided");
      expect(failures).toBeGreaterThan(1);
      await replica.stop();
    }
  });

  test("on a full disk is believed to work only when it has written something", async () => {
    const replica = await bench.replica();
    await bench.rows("insert into trouble values ('53100')");
    const run = (command: typeof openTally, refuse: boolean) =>
      failure(replica.run(command, newKey(), { name: "x", refuse }));
    const events = () => replica.logged.map(({ event }) => event).filter((event) => event.startsWith("batch."));
    expect(await run(openTally, false)).toBeInstanceOf(CommandUnavailable);
    expect(await run(changeTally, true)).toBeUndefined();
    await systemScheduler.sleep(150);
    expect(events()).toEqual(["batch.unavailable"]);
    await bench.rows("delete from trouble");
    expect(await run(openTally, false)).toBeUndefined();
    expect(events()).toEqual(["batch.unavailable", "batch.available"]);
  });

  test("refuses commands beyond its limit at once, and takes them again afterwards", async () => {
    const replica = await bench.replica({ limits: { commandQueueLimit: 3 } });
    replica.faults.down = true;
    const accepted = [1, 2, 3].map(() =>
      replica.run(openTally, newKey(), { name: "x" }, { idempotency: idempotency() }),
    );
    const refusedMs = systemClock.now();
    const error = await failure(replica.run(openTally, newKey(), { name: "x" }));
    expect(systemClock.now() - refusedMs).toBeLessThan(50);
    expect(error).toBeInstanceOf(CommandUnavailable);
    expect(error).toHaveProperty("outcome", "none");
    replica.faults.down = false;
    await Promise.all(accepted);
    expect((await replica.run(openTally, newKey(), { name: "x" })).kind).toBe("decided");
  });
});

describe("a lane that stops", () => {
  test("leaves queued work in the tables, fails commands, and the next process does the work", async () => {
    const producer = await bench.replica();
    const key = newKey();
    const dueMs = Date.now() + 100;
    await producer.deliver(incoming(key, 1, { name: "first", timers: [{ kind: "ring", dueMs }] }));
    producer.faults.down = true;
    const command = failure(producer.run(openTally, newKey(), { name: "x" }, { idempotency: idempotency() }));
    let settled = false;
    producer.deliver(incoming(key, 2, { name: "second" })).then(() => {
      settled = true;
    });
    await until("the timer is due", () => Date.now() > dueMs + 20);
    await producer.stop();
    expect(await command).toBeInstanceOf(CommandUnavailable);
    expect(settled).toBe(false);
    expect(await failure(producer.run(openTally, newKey(), { name: "x" }))).toHaveProperty("outcome", "none");
    expect(await bench.effects(key)).toEqual(["first"]);
    expect(await bench.count("timer")).toBe(1);

    await bench.replica();
    await until("the timer fired", async () => (await bench.count("timer")) === 0);
    expect(await bench.effects(key)).toEqual(["first", "ring"]);
  });

  test("stops though the database is away", async () => {
    const replica = await bench.replica();
    replica.faults.down = true;
    replica.faults.upkeepDown = true;
    await replica.running.stop();
    expect(replica.logged.map(({ event }) => event)).toContain("shards.not_released");
  });
});

describe("urgent and background work", () => {
  test("share batches: a flood of commands does not hold up a message nobody handles", async () => {
    const replica = await bench.replica({ limits: { batchLimit: 4, commandQueueLimit: 10_000 } });
    let flooding = true;
    const flood = Promise.all(
      Array.from({ length: 12 }, async () => {
        while (flooding) await replica.run(openTally, newKey(), { name: "x" });
      }),
    );
    const key = newKey();
    const second = replica.deliver(incoming(key, 2, { name: "needs the first" }));
    await Promise.all([replica.deliver(incoming(key, 1, "{}", "Ignored")), second]);
    flooding = false;
    await flood;
    expect(await bench.effects(key)).toEqual(["needs the first"]);
  });
});
