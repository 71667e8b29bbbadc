import { describe, expect, test } from "bun:test";
import { DatabaseError } from "../database/port.ts";
import { until } from "../until.fixture.ts";
import { at, before, done, nothing, parkedKey, send, sequences } from "./letters.fixture.ts";
import { readLetter } from "./read-letters.ts";
import { ids, newKey, type Replica, testBench } from "./replicas.fixture.ts";

const bench = testBench();

describe("a discarded message", () => {
  const because = "the customer called";

  test("at the front is passed over in one commit, and what was behind it follows", async () => {
    const key = await parkedKey(bench);
    const broken = await bench.replica();
    expect(done(await broken.running.letters.discard(at(key, 2), because, null))).toEqual({
      ...nothing,
      released: [3, 4],
    });
    expect(await bench.effects(key)).toEqual(["good", "behind", "last"]);
    expect(broken.logged.find(({ event }) => event === "letter.discarded")?.fields).toEqual({
      module: "tally",
      ...at(key, 2),
      tallyId: key,
      reason: because,
    });
    await send(broken, key, ["goes on"], "Do", 5);
    expect(await bench.effects(key)).toHaveLength(4);
  });

  test("in the middle leaves a marker with its reason, which counts as its number when its turn comes", async () => {
    const key = await parkedKey(bench);
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

  test.each([false, true])(
    "keeps its first reason and time when it is discarded again (unloadable: %p)",
    async (uuidKeys) => {
      const key = uuidKeys ? newKey() : await parkedKey(bench);
      const replica = await bench.replica({ uuidKeys });
      if (uuidKeys) await send(replica, key, ["first", "second", "third"]);
      const discard = async (reason: string) => done(await replica.running.letters.discard(at(key, 3), reason, null));
      await discard(because);
      const first = (await readLetter(bench.database, at(key, 3)))?.discarded;
      expect(first?.reason).toBe(because);
      await Bun.sleep(5);
      expect(await discard("a second thought")).toMatchObject({ released: [], state: "discarded" });
      expect((await readLetter(bench.database, at(key, 3)))?.discarded).toEqual(first);
      expect(replica.logged.filter(({ event }) => event === "letter.discarded")).toHaveLength(1);
    },
  );

  test("right behind the front goes with it when that is discarded as well", async () => {
    const key = await parkedKey(bench);
    const replica = await bench.replica();
    await replica.running.letters.discard(at(key, 3), because, null);
    await replica.running.letters.discard(at(key, 2), because, null);
    expect(await bench.effects(key)).toEqual(["good", "last"]);
    expect(await bench.count("dead_letter")).toBe(0);
  });

  test("of a key without a row moves the mark beside it", async () => {
    const key = await parkedKey(bench, ["behind"], "Other");
    const replica = await bench.replica();
    await replica.running.letters.discard(at(key, 2), because, null);
    expect(await bench.effects(key)).toEqual(["good", "behind"]);
    expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 3 }]);
  });

  test("while another replica releases it is either handled or passed over, and what follows goes on", async () => {
    for (let round = 0; round < 5; round++) {
      const key = await parkedKey(bench);
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
    const key = await parkedKey(bench);
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

describe("a letter whose key the aggregate cannot be asked for", () => {
  const because = "it is no order of ours";
  const said = (replica: Replica) =>
    replica.logged.flatMap(({ event, fields }) => (event === "letter.discarded" ? [fields.sequence] : []));

  test("is ended with its mark beside it, in its turn, and what it stood before goes with it", async () => {
    const replica = await bench.replica({ uuidKeys: true });
    const key = newKey();
    await send(replica, key, ["first", "second", "third", "fourth"]);
    expect((await bench.letters(key)).map(({ reason }) => reason)).toEqual(Array(4).fill("rejected"));
    const discard = async (sequence: number) =>
      done(await replica.running.letters.discard(at(key, sequence), because, null));
    expect(await discard(3)).toMatchObject({ released: [], state: "discarded" });
    expect(await discard(2)).toMatchObject({ released: [], state: "discarded" });
    expect(await bench.count("inbox_mark")).toBe(0);
    expect(await discard(1)).toMatchObject({ state: "gone", left: [[4, "rejected", expect.any(String)]] });
    expect(await bench.rows("select sequence from inbox_mark where key = $1", key)).toEqual([{ sequence: 3 }]);
    expect(await discard(4)).toEqual(nothing);
    expect(said(replica)).toEqual([3, 2, 1, 4]);
    expect(await bench.count("effect")).toBe(0);
    // Its repetition finds the mark, and a later number is parked as the first was.
    await send(replica, key, ["fifth"], "Do", 5);
    expect(await sequences(bench, key)).toEqual([5]);
  });

  test("or that the database refuses to count is not told as discarded", async () => {
    const key = await parkedKey(bench);
    const replica = await bench.replica({ mended: true });
    replica.faults.seen = ({ text }) => {
      if (text.includes("delete from dead_letter d")) throw new DatabaseError("rejected", "22003", "planted: no");
    };
    const report = done(await replica.running.letters.discard(at(key, 2), because, null));
    expect(report).toMatchObject({ released: [], state: "parked", pending: false });
    expect(report.left[0]).toEqual([2, "rejected", expect.stringContaining("planted: no")]);
    expect(said(replica)).toEqual([]);
    expect(await sequences(bench, key)).toEqual([2, 3, 4]);
  });
});

describe("an Idempotency-Key", () => {
  const claim = () => ({ scope: ids.next(), bodyHash: ids.next() });

  test("answers its repetition with what is left, also when the letter is gone; another body is told so", async () => {
    const key = await parkedKey(bench, ["second", { name: "third", boom: "still broken" }]);
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
    const key = await parkedKey(bench);
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
    const key = await parkedKey(bench);
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
