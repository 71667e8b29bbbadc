import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { runBatch } from "./batch.ts";
import type { LetterPlace } from "./dead-letter.ts";
import { readLetter } from "./dead-letters.ts";
import { handlerName } from "./decide-batch.ts";
import type { Envelope } from "./envelope.ts";
import type { MessageItem } from "./item.ts";
import { createLetterRelease, type ReleaseResult } from "./release-letters.ts";
import { type Bench, ids, incoming, newKey, openBench, type Replica, until } from "./replicas.fixture.ts";
import { type Script, tally } from "./tally.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const TOPIC = "genai-demo.tally.commands.v1";
const at = (key: string, sequence: number): LetterPlace => ({ key, source: TOPIC, sequence });
const sequences = async (key: string) => (await bench.letters(key)).map(({ sequence }) => Number(sequence));

function done(result: ReleaseResult) {
  if (result.kind !== "done") throw new Error(`expected a report, got ${result.kind}`);
  return {
    released: result.released.map(({ sequence }) => sequence),
    left: result.left.map(({ sequence, reason, error }) => [sequence, reason, error]),
    state: result.state,
    pending: result.pending,
  };
}
const nothing = { released: [], left: [], state: "gone" as const, pending: false };

/** Messages from number 1 on, `scripts` or names; resolves when all of them are parked or handled. */
async function send(replica: Replica, key: string, scripts: readonly (Script | string)[], type = "Do", from = 1) {
  const asScript = (script: Script | string) => (typeof script === "string" ? { name: script } : script);
  await Promise.all(
    scripts.map((script, index) => replica.deliver(incoming(key, from + index, asScript(script), type))),
  );
}

/** A key whose first messages are handled, then one that throws, then what is behind it. */
async function parkedKey(names: readonly (Script | string)[] = ["behind", "last"], type = "Do"): Promise<string> {
  const broken = await bench.replica();
  const key = newKey();
  await send(broken, key, ["good", { name: "poison", boom: "cannot do it" }, ...names], type);
  expect((await sequences(key)).length).toBe(names.length + 1);
  await broken.stop();
  return key;
}

/** Holds `replica` back at the first statement with `text`, until `meanwhile` is over. */
function before(replica: Replica, text: string, meanwhile: () => Promise<unknown>) {
  let held = 0;
  replica.faults.seen = async (statement) => {
    if (statement.text.includes(text) && held++ === 0) await meanwhile();
  };
  return () => held;
}

describe("a parked message", () => {
  test("stays parked after a mended restart until it is replayed, and then all go in order", async () => {
    const key = await parkedKey();
    const mended = await bench.replica({ mended: true });
    await send(mended, key, ["new"], "Do", 5);
    expect(await bench.effects(key)).toEqual(["good"]);
    expect(await sequences(key)).toEqual([2, 3, 4, 5]);
    // Asked about any of them, all are released from the first one on.
    const report = done(await mended.running.letters.replay(at(key, 4), null));
    expect(report).toEqual({ ...nothing, released: [2, 3, 4, 5] });
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "last", "new"]);
    await send(mended, key, ["goes on"], "Do", 6);
    expect(await bench.effects(key)).toHaveLength(6);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("that throws again stays with its new error and time, and what follows stays behind it", async () => {
    const key = await parkedKey(["second", { name: "third", boom: "still broken" }, "fourth"]);
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
    const key = await parkedKey([]);
    const mended = await bench.replica({ mended: true });
    await mended.deliver(incoming(key, 2, { name: "poison" }));
    expect(await bench.effects(key)).toEqual(["good", "poison"]);
    expect(await sequences(key)).toEqual([2]);
    await send(mended, key, ["next"], "Do", 3);
    expect(done(await mended.running.letters.replay(at(key, 2), null))).toEqual({ ...nothing, released: [2] });
    expect(await bench.effects(key)).toEqual(["good", "poison", "next"]);
  });

  test("that comes again while it is parked is parked once, and is handled once when released meanwhile", async () => {
    const key = await parkedKey();
    const broken = await bench.replica();
    await Promise.all(
      [2, 3, 4].map((sequence) => broken.deliver(incoming(key, sequence, { name: "again", boom: "x" }))),
    );
    expect(await sequences(key)).toEqual([2, 3, 4]);
    await broken.stop();
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    await Promise.all([
      one.running.letters.replay(at(key, 2), null),
      ...[one, two].flatMap((each) => [2, 3, 4].map((n) => each.deliver(incoming(key, n, { name: "again" })))),
    ]);
    expect(await bench.effects(key)).toHaveLength(4);
    await one.running.letters.replay(at(key, 2), null);
    expect(await sequences(key)).toEqual([]);
  });

  test("is followed by what arrives during the release, at any replica, in order", async () => {
    const many = Array.from({ length: 250 }, (_, index) => `${index + 3}`);
    const key = await parkedKey(many);
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
    const keys = await Promise.all([parkedKey(), parkedKey([], "Other"), parkedKey(["behind"], "Other")]);
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    for (const key of keys) {
      const before = (await sequences(key)).length;
      const reports = await Promise.all(
        [one, two, one, two].map((each) => each.running.letters.replay(at(key, 2), null)),
      );
      for (const report of reports) expect(report.kind === "unknown" || done(report).left.length === 0).toBe(true);
      expect(await bench.effects(key)).toHaveLength(1 + before);
    }
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("is followed by the next number in the same batch, also when that came first", async () => {
    const key = await parkedKey();
    const letters = await bench.rows("select message from dead_letter where key = $1 order by sequence", key);
    const settle = () => undefined;
    const items: MessageItem[] = letters.map((row) => {
      const envelope: Envelope = JSON.parse(String(row.message));
      return { kind: "message", key, envelope, letter: { kind: "release" }, settle };
    });
    items.unshift({ kind: "message", key, envelope: incoming(key, 5, { name: "next" }), settle });
    const messaging = tally({ mended: true });
    const handlers = {
      messages: new Map(messaging.handlers.map((each) => [handlerName(each.topic, each.type), each])),
      timers: new Map(),
      calls: new Map(),
    };
    const lane = bench.database.lane("one batch");
    const intents = { expect: settle, withdraw: settle };
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
    const key = await parkedKey(names);
    const dying = await bench.replica({ mended: true });
    let commits = 0;
    dying.faults.seen = ({ text }) => {
      if (text.includes("delete from dead_letter") && ++commits === 2) dying.faults.dead = true;
    };
    dying.running.letters.replay(at(key, 2), null).catch(() => undefined);
    await until("it is dead", () => dying.faults.dead);
    dying.kill();
    expect((await sequences(key)).length).toBe(51);
    expect(await bench.effects(key)).toHaveLength(101);
    const next = await bench.replica({ mended: true });
    expect(done(await next.running.letters.replay(at(key, 150), null)).released).toHaveLength(51);
    expect(await bench.effects(key)).toEqual(["good", "poison", ...names]);
  });

  test("or an answer that was lost repeats nothing", async () => {
    const key = await parkedKey();
    const replica = await bench.replica({ mended: true });
    replica.faults.loseAnswers = 1;
    expect(done(await replica.running.letters.replay(at(key, 2), null)).released).toEqual([2, 3, 4]);
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind", "last"]);
  });

  test("or a database that is away is told as not over yet; it goes on when there is one", async () => {
    const key = await parkedKey();
    const replica = await bench.replica({ mended: true });
    const hasty = createLetterRelease({
      module: "tally",
      database: bench.database,
      clock: systemClock,
      scheduler: systemScheduler,
      log: () => undefined,
      letGo: replica.running.lane.letGo,
      putBack: () => undefined,
      answerWithinMs: 100,
    });
    replica.faults.down = true;
    expect(done(await hasty.replay(at(key, 2), null))).toMatchObject({ released: [], state: "parked", pending: true });
    replica.faults.down = false;
    await until("it went on", async () => (await bench.effects(key)).length === 4);
    expect(await bench.count("dead_letter")).toBe(0);
  });
});

describe("a key without a row", () => {
  test("is released in order, with its mark beside it", async () => {
    const key = await parkedKey(["behind"], "Other");
    const mended = await bench.replica({ mended: true });
    expect(done(await mended.running.letters.replay(at(key, 3), null)).released).toEqual([2, 3]);
    expect(await bench.effects(key)).toEqual(["good", "poison", "behind"]);
    expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 3 }]);
  });

  test("parks nothing behind a letter that another replica releases at that moment", async () => {
    const key = await parkedKey(["behind"], "Other");
    const [broken, mended] = await Promise.all([bench.replica(), bench.replica({ mended: true })]);
    const held = before(broken, "dead_letter d join", () => mended.running.letters.replay(at(key, 2), null));
    await broken.deliver(incoming(key, 4, { name: "late" }, "Other"));
    expect(held()).toBeGreaterThan(0);
    expect(await sequences(key)).toEqual([]);
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
      expect(await sequences(key)).toEqual([]);
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

describe("a discarded message", () => {
  const because = "the customer called";

  test("at the front is passed over in one commit, and what was behind it follows", async () => {
    const key = await parkedKey();
    const broken = await bench.replica();
    expect(done(await broken.running.letters.discard(at(key, 2), because, null))).toEqual({
      ...nothing,
      released: [3, 4],
    });
    expect(await bench.effects(key)).toEqual(["good", "behind", "last"]);
    expect(broken.logged.find(({ event }) => event === "letter.discarded")?.fields).toEqual({
      module: "tally",
      ...at(key, 2),
      reason: because,
    });
    await send(broken, key, ["goes on"], "Do", 5);
    expect(await bench.effects(key)).toHaveLength(4);
  });

  test("in the middle leaves a marker with its reason, which counts as its number when its turn comes", async () => {
    const key = await parkedKey();
    const replica = await bench.replica({ mended: true });
    expect(done(await replica.running.letters.discard(at(key, 3), because, null))).toMatchObject({
      released: [],
      state: "discarded",
    });
    expect(await bench.effects(key)).toEqual(["good"]);
    const marker = await readLetter(bench.database, at(key, 3));
    expect(marker?.discarded).toEqual({ reason: because, atMs: expect.any(Number) });
    await send(replica, key, ["new"], "Do", 5);
    expect(done(await replica.running.letters.replay(at(key, 2), null))).toEqual({
      ...nothing,
      released: [2, 3, 4, 5],
    });
    expect(await bench.effects(key)).toEqual(["good", "poison", "last", "new"]);
  });

  test("right behind the front goes with it when that is discarded as well", async () => {
    const key = await parkedKey();
    const replica = await bench.replica();
    await replica.running.letters.discard(at(key, 3), because, null);
    await replica.running.letters.discard(at(key, 2), because, null);
    expect(await bench.effects(key)).toEqual(["good", "last"]);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("of a key without a row moves the mark beside it", async () => {
    const key = await parkedKey(["behind"], "Other");
    const replica = await bench.replica();
    await replica.running.letters.discard(at(key, 2), because, null);
    expect(await bench.effects(key)).toEqual(["good", "behind"]);
    expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 3 }]);
  });

  test("while another replica releases it is either handled or passed over, and what follows goes on", async () => {
    for (let round = 0; round < 5; round++) {
      const key = await parkedKey();
      const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
      await Promise.all([
        one.running.letters.replay(at(key, 2), null),
        two.running.letters.discard(at(key, 3), because, null),
      ]);
      const effects = await bench.effects(key);
      expect(effects.filter((what) => what !== "behind")).toEqual(["good", "poison", "last"]);
      expect(effects.length).toBeLessThanOrEqual(4);
      expect(await bench.count("dead_letter")).toBe(0);
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  test("that another replica has decided to handle and not yet committed is passed over", async () => {
    const key = await parkedKey();
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    const held = before(one, "delete from dead_letter d", () => two.running.letters.discard(at(key, 3), because, null));
    expect(done(await one.running.letters.replay(at(key, 2), null)).released).toEqual([2, 3, 4]);
    expect(held()).toBeGreaterThan(1);
    expect(await bench.effects(key)).toEqual(["good", "poison", "last"]);
  });

  test("that is not there is told so", async () => {
    const replica = await bench.replica();
    expect(await replica.running.letters.discard(at(newKey(), 1), because, null)).toEqual({ kind: "unknown" });
    expect(await replica.running.letters.replay(at(newKey(), 1), null)).toEqual({ kind: "unknown" });
  });
});

describe("a parked timer", () => {
  async function parkedTimer() {
    const broken = await bench.replica();
    const key = newKey();
    await send(broken, key, [{ name: "first", timers: [{ kind: "bad", dueMs: systemClock.now() }] }]);
    await until("it is parked", async () => (await bench.letters(key)).length === 1);
    await broken.stop();
    return { key, place: { key, source: "timer:bad", sequence: 0 } };
  }

  test("is put back and fires through the usual path, at the holder of its shard", async () => {
    const letters = await Promise.all(Array.from({ length: 6 }, parkedTimer));
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    for (const { key, place } of letters) {
      const report = done(await one.running.letters.replay(place, null));
      expect(report).toEqual({ ...nothing, released: [0] });
      expect(await bench.effects(key)).toEqual(["first", "bad"]);
    }
    expect(await bench.count("timer")).toBe(0);
    expect(two.running.depth().queued).toBe(0);
  });

  test("that throws again is parked again", async () => {
    const { place } = await parkedTimer();
    const broken = await bench.replica();
    const report = done(await broken.running.letters.replay(place, null));
    expect(report).toMatchObject({
      released: [],
      state: "parked",
      left: [[0, "threw", "Error: cannot take this timer"]],
    });
    expect(await bench.count("timer")).toBe(0);
  });

  test("fires after a crash that came right after it was put back", async () => {
    const { key, place } = await parkedTimer();
    const dying = await bench.replica({ mended: true, start: false });
    dying.running.letters.replay(place, null).catch(() => undefined);
    await until("it is put back", async () => (await bench.count("timer")) === 1);
    dying.kill();
    expect(await bench.count("dead_letter")).toBe(0);
    await bench.replica({ mended: true });
    await until("it has fired", async () => (await bench.effects(key)).length === 2);
  });

  test("that the module has set again since is replaced by that one", async () => {
    const { key, place } = await parkedTimer();
    const replica = await bench.replica({ mended: true });
    const later = systemClock.now() + 60_000;
    await replica.deliver(incoming(key, 2, { name: "second", timers: [{ kind: "bad", dueMs: later }] }));
    expect(done(await replica.running.letters.replay(place, null))).toEqual({ ...nothing, released: [0] });
    expect(await bench.effects(key)).toEqual(["first", "second"]);
    expect(await bench.rows("select due_at from timer where key = $1", key)).toEqual([{ due_at: later }]);
  });

  test("that is discarded is gone", async () => {
    const { key, place } = await parkedTimer();
    const replica = await bench.replica({ mended: true });
    expect(done(await replica.running.letters.discard(place, "not needed", null))).toEqual(nothing);
    expect(replica.logged.find(({ event }) => event === "letter.discarded")?.fields).toMatchObject({
      reason: "not needed",
    });
    expect(await bench.effects(key)).toEqual(["first"]);
  });
});

describe("a parked outcome of a call", () => {
  async function parkedCall(kind: "bad" | "badUndo") {
    const broken = await bench.replica();
    const key = newKey();
    await send(broken, key, [{ name: "first", add: 1, calls: [kind] }]);
    await until("it is parked", async () => (await bench.letters(key)).length === 1);
    await broken.stop();
    const [letter] = await bench.letters(key);
    return { key, place: { key, source: String(letter?.source), sequence: 0 } };
  }

  test("is resumed as after a crash: asked for, never made again", async () => {
    const { key, place } = await parkedCall("bad");
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    expect(done(await one.running.letters.replay(place, null))).toEqual({ ...nothing, released: [0] });
    expect(await bench.effects(key)).toEqual(["first", "bad first: unknown"]);
    expect([...one.made, ...two.made]).toEqual([]);
    expect(await bench.count("call_intent")).toBe(0);
  });

  test("is repeated where that does no harm", async () => {
    const { key, place } = await parkedCall("badUndo");
    const replica = await bench.replica({ mended: true });
    expect(done(await replica.running.letters.replay(place, null)).released).toEqual([0]);
    expect(await bench.effects(key)).toEqual(["first", "badUndo first: yes"]);
    expect(replica.made).toEqual(["badUndo first"]);
  });

  test("that throws again is parked again under the same name", async () => {
    const { place } = await parkedCall("bad");
    const broken = await bench.replica();
    expect(done(await broken.running.letters.replay(place, null))).toMatchObject({ released: [], state: "parked" });
    expect((await bench.letters(place.key)).map(({ source }) => source)).toEqual([place.source]);
    expect(broken.made).toEqual([]);
  });

  test("goes on after a crash that came right after it was put back, and may be discarded", async () => {
    const { key, place } = await parkedCall("bad");
    const dying = await bench.replica({ mended: true, start: false });
    dying.running.letters.replay(place, null).catch(() => undefined);
    await until("it is put back", async () => (await bench.count("call_intent")) === 1);
    dying.kill();
    const broken = await bench.replica();
    await until("it is parked again", async () => (await bench.letters(key)).length === 1);
    expect(done(await broken.running.letters.discard(place, "asked by telephone", null))).toEqual(nothing);
    expect(await bench.effects(key)).toEqual(["first"]);
  });
});

describe("an Idempotency-Key", () => {
  const claim = () => ({ scope: ids.next(), bodyHash: ids.next() });

  test("answers its repetition with what is left, also when the letter is gone; another body is told so", async () => {
    const key = await parkedKey(["second", { name: "third", boom: "still broken" }]);
    const replica = await bench.replica({ mended: true });
    const first = claim();
    expect(done(await replica.running.letters.replay(at(key, 2), first))).toMatchObject({
      released: [2, 3],
      state: "gone",
    });
    const again = done(await replica.running.letters.replay(at(key, 2), first));
    expect(again).toMatchObject({ released: [], left: [[4, "threw", "Error: still broken"]], state: "gone" });
    const other = { ...first, bodyHash: ids.next() };
    expect(await replica.running.letters.replay(at(key, 2), other)).toEqual({ kind: "keyReused" });
    expect(await replica.running.letters.replay(at(key, 2), null)).toEqual({ kind: "unknown" });
  });

  test("that was stored before a crash acts when it is sent again", async () => {
    const key = await parkedKey();
    const dying = await bench.replica({ start: false });
    const discard = claim();
    dying.faults.seen = ({ text }) => {
      if (text.includes("insert into idempotency")) dying.running.lane.stop();
    };
    dying.running.letters.discard(at(key, 2), "no", discard).catch(() => undefined);
    await until("it is stored", async () => (await bench.count("idempotency")) === 1);
    dying.kill();
    const next = await bench.replica();
    expect(done(await next.running.letters.discard(at(key, 2), "no", discard)).released).toEqual([3, 4]);
    expect(done(await next.running.letters.discard(at(key, 2), "no", discard))).toEqual(nothing);
    expect(await bench.effects(key)).toEqual(["good", "behind", "last"]);
  });

  test("of twins at two replicas is one effect, and is not kept where there is no letter", async () => {
    const key = await parkedKey();
    const [one, two] = await Promise.all([bench.replica({ mended: true }), bench.replica({ mended: true })]);
    const twins = claim();
    const reports = await Promise.all([one, two].map((each) => each.running.letters.replay(at(key, 2), twins)));
    for (const report of reports) expect(done(report).left).toEqual([]);
    expect(await bench.effects(key)).toHaveLength(4);
    expect(await bench.count("idempotency")).toBe(1);
    expect(await one.running.letters.replay(at(newKey(), 1), claim())).toEqual({ kind: "unknown" });
    expect(await bench.count("idempotency")).toBe(1);
  });
});

test.each(["08006", "40001", "40P01", "53100", "53300", "57014", "57P03", "58030", "55P03"])(
  "SQLSTATE %s never parks: messages, timers and outcomes wait until it is over",
  async (sqlState) => {
    const slow = { make: () => systemScheduler.sleep(80).then(() => "yes") };
    const replica = await bench.replica({ ports: slow });
    const key = newKey();
    const timers = [{ kind: "ring", dueMs: systemClock.now() + 80 }];
    await send(replica, key, [{ name: "first", add: 1, calls: ["ask"], timers }]);
    await bench.rows("insert into trouble values ($1)", sqlState);
    const waiting = replica.deliver(incoming(key, 2, { name: "second" }));
    await until("it has been tried", () => replica.logged.some(({ event }) => event === "batch.unavailable"));
    await systemScheduler.sleep(150);
    expect(await bench.count("dead_letter")).toBe(0);
    expect(await bench.effects(key)).toEqual(["first"]);
    await bench.rows("delete from trouble");
    await waiting;
    await until("all of it is done", async () => (await bench.effects(key)).length >= 4);
    expect(await bench.count("dead_letter")).toBe(0);
    expect(replica.logged.filter(({ event }) => event === "message.parked")).toEqual([]);
  },
);
