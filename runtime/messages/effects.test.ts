import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { until } from "../until.fixture.ts";
import { CommandUnavailable } from "./command-unavailable.ts";
import { ids, incoming, newKey, type Replica, testBench } from "./replicas.fixture.ts";
import { changeTally, openTally } from "./tally.fixture.ts";

const bench = testBench();

const idempotency = (bodyHash = ids.next()) => ({ scope: ids.next(), bodyHash, status: 201, reference: "the first" });

describe("a message", () => {
  test("has its effect once, however often it comes, one after the other, at once and in another replica", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    const key = newKey();
    const first = incoming(key, 1, { name: "first", add: 1, emit: 1 });
    await one.deliver(first);
    await one.deliver(first);
    await Promise.all([one, two, one, two].map((each) => each.deliver(first)));
    expect(await bench.effects(key)).toEqual(["first"]);
    expect(await bench.total(key)).toBe(1);
  });

  test("that both replicas get at the same moment has one effect, with and without a row", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    for (let round = 0; round < 10; round++) {
      const key = newKey();
      const first = incoming(key, 1, { name: "first", add: 1 });
      await Promise.all([one.deliver(first), two.deliver(first)]);
      expect(await bench.effects(key)).toEqual(["first"]);
      const second = incoming(key, 2, { name: "second", add: 1 });
      await Promise.all([one.deliver(second), two.deliver(second)]);
      expect(await bench.effects(key)).toEqual(["first", "second"]);
    }
  });

  test("of a type nobody handles only moves the mark, also before the row exists", async () => {
    const replica = await bench.replica();
    const key = newKey();
    await replica.deliver(incoming(key, 1, "{}", "Ignored"));
    expect(await bench.rows("select topic, sequence from inbox_mark where key = $1", key)).toEqual([
      { topic: "genai-demo.tally.commands.v1", sequence: 1 },
    ]);
    await replica.deliver(incoming(key, 2, "{}", "Ignored"));
    await replica.deliver(incoming(key, 3, { name: "third" }));
    await replica.deliver(incoming(key, 1, { name: "first again" }));
    await replica.deliver(incoming(key, 1, { name: "from elsewhere" }, "Happened", "foreign"));
    expect(await bench.effects(key)).toEqual(["third", "from elsewhere"]);
  });

  test("of a key without a row is marked beside it; the row that another topic makes takes the mark over", async () => {
    const replica = await bench.replica();
    const key = newKey();
    await replica.deliver(incoming(key, 1, "{}", "Ignored"));
    await replica.deliver(incoming(key, 1, { name: "makes the row" }, "Happened", "foreign"));
    await replica.deliver(incoming(key, 2, { name: "goes on" }));
    expect(await bench.effects(key)).toEqual(["makes the row", "goes on"]);
  });

  test("whose mark another replica set while the row was made is not asked for again", async () => {
    const replica = await bench.replica();
    const key = newKey();
    await replica.deliver(incoming(key, 1, { name: "makes the row" }, "Happened", "foreign"));
    // What a race of two replicas leaves: the mark beside the row, not in it.
    await bench.rows(
      "insert into inbox_mark (key, topic, sequence, marked_at) values ($1, $2, 1, '2026-01-01')",
      key,
      "genai-demo.tally.commands.v1",
    );
    await replica.deliver(incoming(key, 2, { name: "second" }));
    expect(await bench.effects(key)).toEqual(["makes the row", "second"]);
  });

  test("without a state, at both replicas at once, is handled by one of them", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    for (let round = 0; round < 10; round++) {
      const key = newKey();
      for (const sequence of [1, 2]) {
        const message = incoming(key, sequence, { name: `${sequence}` }, "Other");
        await Promise.all([one.deliver(message), two.deliver(message)]);
      }
      expect(await bench.effects(key)).toEqual(["1", "2"]);
      expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 2 }]);
    }
  });

  test("that comes too early waits, is released by the missing one, and is reported when that does not come", async () => {
    const replica = await bench.replica({ limits: { gapAlarmMs: 100 } });
    const key = newKey();
    const order: number[] = [];
    const deliver = (sequence: number) =>
      replica.deliver(incoming(key, sequence, { name: `${sequence}` })).then(() => order.push(sequence));
    const early = [deliver(3), deliver(2)];
    await until("a gap is reported", () => replica.logged.some(({ event }) => event === "message.gap"));
    expect(replica.logged.filter(({ event }) => event === "message.gap")).toHaveLength(1);
    expect(replica.logged.find(({ event }) => event === "message.gap")?.fields).toMatchObject({ key });
    expect(await bench.effects(key)).toEqual([]);
    await deliver(1);
    await Promise.all(early);
    expect(await bench.effects(key)).toEqual(["1", "2", "3"]);
    expect(order).toEqual([1, 2, 3]);
    expect(replica.running.depth().waiting).toBe(0);
  });

  test("that waits is released when another replica handled the missing one", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    const key = newKey();
    const early = one.deliver(incoming(key, 2, { name: "2" }));
    await two.deliver(incoming(key, 1, { name: "1" }));
    await early;
    expect(await bench.effects(key)).toEqual(["1", "2"]);
  });
});

describe("an unknown commit", () => {
  test("of a command with an idempotency key is answered with its own effect", async () => {
    const replica = await bench.replica();
    const key = newKey();
    replica.faults.loseAnswers = 1;
    const answer = await replica.run(openTally, key, { name: "open", add: 1 }, { idempotency: idempotency() });
    expect(answer).toEqual({ kind: "replayed", status: 201, reference: "the first" });
    expect(await bench.effects(key)).toEqual(["open"]);
  });

  test("of a command without one is told as unknown", async () => {
    const replica = await bench.replica();
    const key = newKey();
    replica.faults.loseAnswers = 1;
    const error = await replica.run(openTally, key, { name: "open" }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(CommandUnavailable);
    expect(error).toHaveProperty("outcome", "unknown");
    expect(await bench.effects(key)).toEqual(["open"]);
  });

  test("of a message, a timer and a call's outcome repeats none of them", async () => {
    const replica = await bench.replica();
    const key = newKey();
    replica.faults.loseAnswers = 1;
    await replica.deliver(incoming(key, 1, { name: "first", add: 1, emit: 1 }));
    expect(await bench.effects(key)).toEqual(["first"]);

    replica.faults.seen = ({ text, params }) => {
      if (text.includes("delete from timer t") && String(params).includes("ring")) replica.faults.loseAnswers = 1;
      if (text.includes("delete from call_intent c") && String(params).includes('"id"')) replica.faults.loseAnswers = 1;
    };
    await replica.deliver(incoming(key, 2, { name: "second", timers: [{ kind: "ring", dueMs: Date.now() }] }));
    await until("the timer is gone", async () => (await bench.count("timer")) === 0);
    await replica.deliver(incoming(key, 3, { name: "third", calls: ["ask"] }));
    await until("the intent is gone", async () => (await bench.count("call_intent")) === 0);
    await until("nothing is queued", () => replica.running.depth().queued === 0);
    expect(replica.logged.filter(({ event }) => event === "batch.unavailable").length).toBeGreaterThanOrEqual(2);
    expect(await bench.effects(key)).toEqual(["first", "second", "ring", "third", "ask third: yes"]);
    expect(replica.made).toEqual(["ask third"]);
  });

  test("with shared rows adds to them once", async () => {
    await bench.rows("insert into pot values ('a', 0)");
    const replica = await bench.replica({ shared: true });
    const key = newKey();
    replica.faults.loseAnswers = 1;
    await replica.deliver(incoming(key, 1, { name: "first", add: 5, pot: "a" }));
    expect(await bench.rows("select amount from pot")).toEqual([{ amount: 5 }]);
  });
});

describe("a command", () => {
  test("repeated with its key gets the first answer, with another body is told so, at once and later", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    const key = idempotency();
    const other = { ...key, bodyHash: ids.next() };
    const run = (replica: Replica, with_: typeof key) =>
      replica.run(openTally, newKey(), { name: "open" }, { idempotency: with_ });
    const kinds = (await Promise.all([run(one, key), run(one, key), run(two, key), run(two, key)])).map(
      ({ kind }) => kind,
    );
    expect(kinds.sort()).toEqual(["decided", "replayed", "replayed", "replayed"]);
    expect((await run(two, key)).kind).toBe("replayed");
    expect((await run(two, other)).kind).toBe("keyReused");
    expect(await bench.count("effect")).toBe(1);
  });

  test("that is refused keeps no key; the same key may have an effect later", async () => {
    const replica = await bench.replica();
    const key = newKey();
    const request = idempotency();
    const refused = await replica.run(openTally, key, { name: "open", refuse: true }, { idempotency: request });
    expect(refused).toEqual({ kind: "decided", answer: -1 });
    expect(await bench.count("idempotency")).toBe(0);
    const accepted = await replica.run(openTally, key, { name: "open", add: 3 }, { idempotency: request });
    expect(accepted).toEqual({ kind: "decided", answer: 3 });
  });

  test("repeated within a day of its answer gets it; the key is free again some time later", async () => {
    const HOUR = 3_600_000;
    let aheadMs = 0;
    const clock = { now: () => systemClock.now() + aheadMs };
    const replica = await bench.replica({ clock });
    const request = idempotency();
    const run = () => replica.run(openTally, newKey(), { name: "open" }, { idempotency: request });
    expect((await run()).kind).toBe("decided");
    await bench.rows(
      "insert into idempotency (scope, body_hash, status, reference, created_at) values ($1::uuid, $1::uuid, 201, 'older', $2::text::timestamptz)",
      ids.next(),
      new Date(systemClock.now() - 2 * HOUR).toISOString(),
    );
    aheadMs = 24 * HOUR + 60_000;
    await until("the older key is gone", async () => (await bench.count("idempotency")) === 1);
    expect((await run()).kind).toBe("replayed");
    aheadMs = 26 * HOUR;
    await until("the key is gone", async () => (await bench.count("idempotency")) === 0);
    expect((await run()).kind).toBe("decided");
    expect(await bench.count("effect")).toBe(2);
  });

  test("whose decision throws, or whose row the database refuses, gets the error and harms nobody", async () => {
    const replica = await bench.replica();
    const key = newKey();
    const outcomes = await Promise.allSettled([
      replica.run(openTally, key, { name: "good", add: 1 }),
      replica.run(openTally, newKey(), { name: "throws", boom: "a bug" }),
      replica.run(openTally, newKey(), { name: "overflows", add: 3_000_000_000 }),
      replica.run(openTally, newKey(), { name: "good too" }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    expect(String(outcomes[1]?.status === "rejected" && outcomes[1].reason)).toContain("a bug");
    expect(await bench.count("effect")).toBe(2);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("sees what the other replica has written", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    const key = newKey();
    await one.run(openTally, key, { name: "open", add: 1 });
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? one : two).run(changeTally, key, { name: `${i}`, add: 1 })),
    );
    expect(await bench.total(key)).toBe(41);
    expect(await bench.effects(key)).toHaveLength(41);
  });
});

describe("two replicas on the same keys", () => {
  test("lose no update, and messages going out stay numbered without holes", async () => {
    const [one, two] = await Promise.all([bench.replica(), bench.replica()]);
    const key = newKey();
    await one.run(openTally, key, { name: "open" });
    const work: Promise<unknown>[] = [];
    for (let n = 1; n <= 20; n++) {
      work.push(one.deliver(incoming(key, n, { name: `c${n}`, add: 1, emit: 1 })));
      work.push(two.deliver(incoming(key, n, { name: `f${n}`, add: 1, emit: 1 }, "Happened", "foreign")));
    }
    await Promise.all(work);
    expect(await bench.total(key)).toBe(40);
    await until("all are published", async () => (await bench.count("outbox")) === 0);
    const sequences = new Set([...one.published, ...two.published].map(({ sequence }) => sequence));
    expect([...sequences].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  test("share rows without losing a unit", async () => {
    await bench.rows("insert into pot values ('a', 0), ('b', 0)");
    const [one, two] = await Promise.all([bench.replica({ shared: true }), bench.replica({ shared: true })]);
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 ? one : two).run(openTally, newKey(), { name: `${i}`, add: 1, pot: i % 3 ? "a" : "b" }),
      ),
    );
    expect(await bench.rows("select name, amount from pot order by name")).toEqual([
      { name: "a", amount: 40 },
      { name: "b", amount: 20 },
    ]);
  });

  test("share rows with the outcomes of calls without losing a unit", async () => {
    await bench.rows("insert into pot values ('answers', 0)");
    const [one, two] = await Promise.all([bench.replica({ shared: true }), bench.replica({ shared: true })]);
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 ? one : two).run(openTally, newKey(), { name: `${i}`, add: 1, calls: ["undo"], pot: "answers" }),
      ),
    );
    await until("all outcomes are taken", async () => (await bench.count("call_intent")) === 0);
    expect(await bench.rows("select amount from pot")).toEqual([{ amount: 80 }]);
    expect(await bench.count("dead_letter")).toBe(0);
  });
});
