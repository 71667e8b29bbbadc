import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { runBatch } from "./batch.ts";
import type { Envelope } from "./envelope.ts";
import { handlersOf } from "./handlers.ts";
import type { MessageItem } from "./item.ts";
import { at, before, done, nothing, parkedKey, send, sequences } from "./letters.fixture.ts";
import { createLetterRelease } from "./release-letters.ts";
import { ids, incoming, newKey, testBench } from "./replicas.fixture.ts";
import { tally } from "./tally.fixture.ts";

const bench = testBench();

/** A release of letters beside any replica's own. */
const releaseThrough = (letGo: (letters: readonly MessageItem[]) => void, answerWithinMs: number) =>
  createLetterRelease({
    module: "tally",
    aggregate: tally().aggregate,
    database: bench.database,
    clock: systemClock,
    scheduler: systemScheduler,
    log: () => undefined,
    letGo,
    putBack: () => undefined,
    answerWithinMs,
  });

describe("a parked message", () => {
  test("stays parked after a mended restart until it is replayed, and then all go in order", async () => {
    const key = await parkedKey(bench);
    const mended = await bench.replica({ mended: true });
    await send(mended, key, ["new"], "Do", 5);
    expect(await bench.effects(key)).toEqual(["good"]);
    expect(await sequences(bench, key)).toEqual([2, 3, 4, 5]);
    // Asked about any of them, all are released from the first one on.
    const report = done(await mended.running.letters.replay(at(key, 4), null));
    expect(report).toEqual({ ...nothing, released: [2, 3, 4, 5] });
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "last", "new"]);
    await send(mended, key, ["goes on"], "Do", 6);
    expect(await bench.effects(key)).toHaveLength(6);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("that throws again stays with its new error and time, and what follows stays behind it", async () => {
    const key = await parkedKey(bench, ["second", { name: "third", boom: "still broken" }, "fourth"]);
    const parkedAt = async (sequence: number) =>
      Number(
        (await bench.rows("select parked_at from dead_letter where key = $1 and sequence = $2", key, sequence))[0]
          ?.parked_at,
      );
    const before = await parkedAt(4);
    const mended = await bench.replica({ mended: true });
    const report = done(await mended.running.letters.replay(at(key, 2), null));
    expect(report).toEqual({
      released: [2, 3],
      left: [
        [4, "threw", "Error: still broken"],
        [5, "behind", "an earlier message of this key is parked"],
      ],
      state: "gone",
      pending: false,
    });
    expect(await parkedAt(4)).toBeGreaterThan(before);
    expect(await bench.effects(key)).toEqual(["good", "poison", "second"]);
    expect(done(await mended.running.letters.replay(at(key, 5), null))).toMatchObject({
      released: [],
      state: "parked",
    });
    expect(await bench.effects(key)).toHaveLength(3);
  });

  test("whose number was handled after all, when it came again, is only removed", async () => {
    const key = await parkedKey(bench, []);
    // Its upkeep would take the letter away by itself.
    const mended = await bench.replica({ mended: true, pollMs: 60_000 });
    await mended.deliver(incoming(key, 2, { name: "poison" }));
    expect(await bench.effects(key)).toEqual(["good", "poison"]);
    expect(await sequences(bench, key)).toEqual([2]);
    await send(mended, key, ["next"], "Do", 3);
    expect(done(await mended.running.letters.replay(at(key, 2), null))).toEqual({ ...nothing, released: [2] });
    expect(await bench.effects(key)).toEqual(["good", "poison", "next"]);
  });

  test("that comes again while it is parked is parked once, and is handled once when released meanwhile", async () => {
    const key = await parkedKey(bench);
    const broken = await bench.replica();
    await Promise.all(
      [2, 3, 4].map((sequence) => broken.deliver(incoming(key, sequence, { name: "again", boom: "x" }))),
    );
    expect(await sequences(bench, key)).toEqual([2, 3, 4]);
    await broken.stop();
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    await Promise.all([
      one.running.letters.replay(at(key, 2), null),
      ...[one, two].flatMap((each) => [2, 3, 4].map((n) => each.deliver(incoming(key, n, { name: "again" })))),
    ]);
    expect(await bench.effects(key)).toHaveLength(4);
    await one.running.letters.replay(at(key, 2), null);
    expect(await sequences(bench, key)).toEqual([]);
  });

  test("is followed by what arrives during the release, at any replica, in order", async () => {
    const many = Array.from({ length: 250 }, (_, index) => `${index + 3}`);
    const key = await parkedKey(bench, many);
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    const arriving = async () => {
      for (let n = 253; n <= 300; n++) await (n % 3 ? one : two).deliver(incoming(key, n, { name: `${n}` }));
    };
    const [result] = await Promise.all([one.running.letters.replay(at(key, 2), null), arriving()]);
    expect(result).toMatchObject({ kind: "done", leftCount: 0, state: "gone" });
    const numbers = Array.from({ length: 298 }, (_, index) => `${index + 3}`);
    expect(await bench.effects(key)).toEqual(["good", "poison", ...numbers]);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("released at two replicas at once, twice each, has its effect once", async () => {
    const keys = await Promise.all([
      parkedKey(bench),
      parkedKey(bench, [], "Other"),
      parkedKey(bench, ["behind"], "Other"),
    ]);
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    for (const key of keys) {
      const before = (await sequences(bench, key)).length;
      const reports = await Promise.all(
        [one, two, one, two].map((each) => each.running.letters.replay(at(key, 2), null)),
      );
      for (const report of reports) expect(report.kind === "unknown" || done(report).left.length === 0).toBe(true);
      expect(await bench.effects(key)).toHaveLength(1 + before);
    }
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("is followed by the next number in the same batch, also when that came first", async () => {
    const key = await parkedKey(bench);
    const letters = await bench.rows("select message from dead_letter where key = $1 order by sequence", key);
    const settle = () => undefined;
    const items: MessageItem[] = letters.map((row) => {
      const envelope: Envelope = JSON.parse(String(row.message));
      return { kind: "message", key, envelope, letter: { kind: "release" }, settle };
    });
    items.unshift({ kind: "message", key, envelope: incoming(key, 5, { name: "next" }), settle });
    const messaging = tally({ mended: true });
    const handlers = handlersOf(messaging);
    const lane = bench.database.lane("one batch");
    const intents = { expect: settle, withdraw: settle, madeHere: () => true };
    const cached = () => undefined;
    await runBatch(
      { messaging, handlers, lane, clock: systemClock, ids, shape: new Map(), intents, cached },
      items,
      [],
      true,
    );
    await lane.close();
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "last", "next"]);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("with shared rows is released with them", async () => {
    await bench.rows("insert into pot values ('a', 0)");
    const broken = await bench.replica({ shared: true });
    const key = newKey();
    await send(broken, key, [
      { name: "one", add: 1, pot: "a", boom: "x" },
      { name: "two", add: 2, pot: "a" },
    ]);
    await broken.stop();
    const mended = await bench.replica({ shared: true, mended: true });
    expect(done(await mended.running.letters.replay(at(key, 1), null)).released).toEqual([1, 2]);
    expect(await bench.rows("select amount from pot")).toEqual([{ amount: 3 }]);
  });

  test("that the database rejects is parked and released like any other", async () => {
    const replica = await bench.replica();
    const [first, key] = [newKey(), newKey()];
    await send(replica, first, [{ name: "first", label: "taken" }]);
    await send(replica, key, [{ name: "second", label: "taken" }, "behind"]);
    expect((await bench.letters(key)).map(({ reason }) => reason)).toEqual(["rejected", "behind"]);
    const again = done(await replica.running.letters.replay(at(key, 1), null));
    expect(again.left.map(([sequence, reason]) => [sequence, reason])).toEqual([
      [1, "rejected"],
      [2, "behind"],
    ]);
    await bench.rows("update tally set label = 'free' where id = $1", first);
    expect(done(await replica.running.letters.replay(at(key, 1), null)).released).toEqual([1, 2]);
    expect(await bench.effects(key)).toEqual(["second", "behind"]);
  });
});

describe("a crash in the middle of a release", () => {
  test("leaves the rest parked, and a second replay goes on", async () => {
    const names = Array.from({ length: 150 }, (_, index) => `${index + 3}`);
    const key = await parkedKey(bench, names);
    const dying = await bench.replica({ mended: true });
    let commits = 0;
    dying.faults.seen = ({ text }) => {
      if (text.includes("delete from dead_letter") && ++commits === 2) dying.faults.dead = true;
    };
    dying.running.letters.replay(at(key, 2), null).catch(() => undefined);
    await until("it is dead", () => dying.faults.dead);
    dying.kill();
    expect((await sequences(bench, key)).length).toBe(51);
    expect(await bench.effects(key)).toHaveLength(101);
    const next = await bench.replica({ mended: true });
    expect(done(await next.running.letters.replay(at(key, 150), null)).released).toHaveLength(51);
    expect(await bench.effects(key)).toEqual(["good", "poison", ...names]);
  });

  test("or an answer that was lost repeats nothing", async () => {
    const key = await parkedKey(bench);
    const replica = await bench.replica({ mended: true });
    replica.faults.loseAnswers = 1;
    expect(done(await replica.running.letters.replay(at(key, 2), null)).released).toEqual([2, 3, 4]);
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "last"]);
  });

  test("or a database that is away is told as not over yet; it goes on when there is one", async () => {
    const key = await parkedKey(bench);
    const replica = await bench.replica({ mended: true });
    const hasty = releaseThrough(replica.running.lane.letGo, 100);
    replica.faults.down = true;
    expect(done(await hasty.replay(at(key, 2), null))).toMatchObject({ released: [], state: "parked", pending: true });
    replica.faults.down = false;
    await until("it went on", async () => (await bench.effects(key)).length === 4);
    expect(await bench.count("dead_letter")).toBe(0);
  });
});

test("a release under way when its process is told to stop is told as not over yet", async () => {
  const key = await parkedKey(bench);
  const given = Promise.withResolvers<void>();
  // A lane that has stopped settles nothing.
  const release = releaseThrough(() => given.resolve(), 60_000);
  const asked = release.replay(at(key, 2), null);
  await given.promise;
  release.stop();
  expect(done(await asked)).toMatchObject({ released: [], state: "parked", pending: true });
});

describe("a release whose time is over between two pages", () => {
  test("tells what is left, and that nothing goes on by itself", async () => {
    const key = await parkedKey(
      bench,
      Array.from({ length: 120 }, (_, index) => `${index + 3}`),
    );
    const replica = await bench.replica({ mended: true });
    const time = { aheadMs: 0 };
    const hasty = createLetterRelease({
      module: "tally",
      aggregate: tally().aggregate,
      database: bench.database,
      clock: { now: () => systemClock.now() + time.aheadMs },
      scheduler: systemScheduler,
      log: () => undefined,
      letGo(letters) {
        replica.running.lane.letGo(letters);
        time.aheadMs += 20_000;
      },
      putBack: () => undefined,
      answerWithinMs: 10_000,
    });
    const part = { kind: "done", releasedCount: 100, leftCount: 21, pending: false };
    expect(await hasty.replay(at(key, 2), null)).toMatchObject(part);
    expect((await sequences(bench, key)).length).toBe(21);
    expect(await hasty.replay(at(key, 102), null)).toMatchObject({ releasedCount: 21, leftCount: 0, pending: false });
    expect(await bench.effects(key)).toHaveLength(122);
  });
});

describe("a key without a row", () => {
  test("is released in order, with its mark beside it", async () => {
    const key = await parkedKey(bench, ["behind"], "Other");
    const mended = await bench.replica({ mended: true });
    expect(done(await mended.running.letters.replay(at(key, 3), null)).released).toEqual([2, 3]);
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind"]);
    expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 3 }]);
  });

  test("parks nothing behind a letter that another replica releases at that moment", async () => {
    const key = await parkedKey(bench, ["behind"], "Other");
    const [broken, mended] = await Promise.all([bench.replica(), bench.replica({ mended: true })]);
    const held = before(broken, "dead_letter d join", () => mended.running.letters.replay(at(key, 2), null));
    await broken.deliver(incoming(key, 4, { name: "late" }, "Other"));
    expect(held()).toBeGreaterThan(0);
    expect(await sequences(bench, key)).toEqual([]);
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "late"]);
  });

  test("parks nothing that another replica handles at that moment, also as its first", async () => {
    const [broken, mended] = await Promise.all([bench.replica(), bench.replica({ mended: true })]);
    for (const sequence of [1, 2]) {
      const key = newKey();
      if (sequence === 2) await send(broken, key, ["first"], "Other");
      const message = incoming(key, sequence, { name: "poison", boom: "x" }, "Other");
      const held = before(broken, "insert into dead_letter", () => mended.deliver(message));
      await broken.deliver(message);
      expect(held()).toBe(1);
      expect(await sequences(bench, key)).toEqual([]);
      expect(await bench.effects(key)).toHaveLength(sequence);
      broken.faults.seen = () => undefined;
    }
  });

  test("whose first message is parked gets its row by another topic all the same", async () => {
    const broken = await bench.replica();
    const key = newKey();
    await send(broken, key, [{ name: "poison", boom: "x" }], "Other");
    await broken.deliver(incoming(key, 1, { name: "makes the row" }, "Happened", "foreign"));
    await broken.stop();
    const mended = await bench.replica({ mended: true });
    expect(done(await mended.running.letters.replay(at(key, 1), null)).released).toEqual([1]);
    expect(await bench.effects(key)).toEqual(["makes the row", "poison"]);
  });
});
