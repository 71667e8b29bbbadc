import { describe, expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { until } from "../until.fixture.ts";
import { done, nothing, send } from "./letters.fixture.ts";
import { incoming, newKey, testBench } from "./replicas.fixture.ts";

const bench = testBench();

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
