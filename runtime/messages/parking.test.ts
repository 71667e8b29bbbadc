import { describe, expect, test } from "bun:test";
import { DatabaseError } from "../database/port.ts";
import { until } from "../until.fixture.ts";
import { incoming, newKey, type Replica, testBench } from "./replicas.fixture.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

const parked = (replica: Replica) => replica.logged.filter(({ event }) => event === "message.parked").length;

describe("what cannot be handled", () => {
  test("is parked with error and payload; later ones of its key park behind, in order; others go on", async () => {
    const replica = await bench.replica();
    const [key, other] = [newKey(), newKey()];
    await Promise.all([
      replica.deliver(incoming(key, 1, { name: "good" })),
      replica.deliver(incoming(key, 2, { name: "poison", boom: "cannot do it" })),
      replica.deliver(incoming(key, 3, { name: "behind" })),
      replica.deliver(incoming(other, 1, { name: "other" })),
    ]);
    const tooEarly = replica.deliver(incoming(key, 5, { name: "too early" }));
    await replica.deliver(incoming(key, 4, { name: "behind too" }));
    await tooEarly;
    expect(await bench.effects(key)).toEqual(["good"]);
    expect(await bench.effects(other)).toEqual(["other"]);
    const letters = await bench.letters(key);
    expect(letters.map(({ sequence, reason }) => [sequence, reason])).toEqual([
      [2, "threw"],
      [3, "behind"],
      [4, "behind"],
      [5, "behind"],
    ]);
    expect(String(letters[0]?.error)).toContain("cannot do it");
    expect(JSON.parse(String(letters[0]?.message))).toMatchObject({ key, sequence: 2, correlationId: "test" });
  });

  test("because its data breaks the contract is parked too, and parked once however often it comes", async () => {
    const replica = await bench.replica();
    const key = newKey();
    const bad = incoming(key, 1, { name: 7 } as never); // Wrong on purpose.
    await Promise.all([replica.deliver(bad), replica.deliver(bad)]);
    await replica.deliver(bad);
    const unreadable = incoming(newKey(), 1, "not json");
    await replica.deliver(unreadable);
    const [letter, ...others] = await bench.letters(key);
    expect(others).toEqual([]);
    expect(String(letter?.error)).toMatch(/^ZodError: (?:.|\n)*"name"(?:.|\n)*expected string/);
    expect(await bench.letters(unreadable.key)).toHaveLength(1);
    expect(parked(replica)).toBeGreaterThanOrEqual(2);
  });

  test("by the database is found by halving: the culprits alone are parked, the others are committed", async () => {
    const replica = await bench.replica();
    const keys = Array.from({ length: 16 }, newKey);
    const culprits = [3, 11];
    await Promise.all(
      keys.map((key, i) =>
        replica.deliver(incoming(key, 1, { name: "x", add: culprits.includes(i) ? 3_000_000_000 : 1, emit: 1 })),
      ),
    );
    for (const [i, key] of keys.entries()) {
      const letters = await bench.letters(key);
      expect(await bench.effects(key)).toEqual(culprits.includes(i) ? [] : ["x"]);
      expect(letters.map(({ reason }) => reason)).toEqual(culprits.includes(i) ? ["rejected"] : []);
      if (letters[0]) expect(String(letters[0].error)).toContain("out of range");
    }
    const behind = incoming(keys[3] ?? "", 2, { name: "behind" });
    await replica.deliver(behind);
    expect((await bench.letters(behind.key)).map(({ reason }) => reason)).toEqual(["rejected", "behind"]);
    await until("all are published", () => replica.published.length === 14);
  });

  test("because it breaks a unique constraint is parked after a while and does not stop the lane", async () => {
    const replica = await bench.replica();
    const [first, second, third] = [newKey(), newKey(), newKey()];
    await replica.deliver(incoming(first, 1, { name: "first", label: "taken" }));
    const blocked = replica.deliver(incoming(second, 1, { name: "second", label: "taken" }));
    const command = replica.run(openTally, newKey(), { name: "command", label: "taken" });
    await Promise.all([
      blocked,
      expect(command).rejects.toBeInstanceOf(DatabaseError),
      replica.deliver(incoming(third, 1, { name: "third" })),
    ]);
    expect((await bench.letters(second)).map(({ reason }) => reason)).toEqual(["rejected"]);
    expect(await bench.effects(third)).toEqual(["third"]);
  });

  test("with a NUL in its error or key is parked all the same", async () => {
    const replica = await bench.replica();
    const key = newKey();
    await replica.deliver(incoming(key, 1, { name: "x", boom: "before\u0000after" }));
    expect(await bench.letters(key)).toHaveLength(1);
    await replica.deliver(incoming("bad\u0000key", 1, { name: "x" }));
    expect(await bench.count("dead_letter")).toBe(2);
    await replica.deliver(incoming(newKey(), 1, { name: "goes on" }));
  });

  test("a timer: it goes away with its row, and the key goes on", async () => {
    const replica = await bench.replica();
    const key = newKey();
    const timers = ["bad", "overflow"].map((kind) => ({ kind, dueMs: Date.now() }));
    await replica.deliver(incoming(key, 1, { name: "first", timers }));
    await until("both are parked", async () => (await bench.letters(key)).length === 2);
    expect((await bench.letters(key)).map(({ source, reason }) => [source, reason])).toEqual([
      ["timer:bad", "threw"],
      ["timer:overflow", "rejected"],
    ]);
    expect(await bench.count("timer")).toBe(0);
    await replica.deliver(incoming(key, 2, { name: "second" }));
    expect(await bench.effects(key)).toEqual(["first", "second"]);
  });

  test("outcomes of calls: each is kept, also several of a kind", async () => {
    const replica = await bench.replica();
    const key = newKey();
    await replica.deliver(incoming(key, 1, { name: "first", calls: ["bad", "bad"] }));
    await until("both are parked", async () => (await bench.letters(key)).length === 2);
    for (const letter of await bench.letters(key)) {
      expect(String(letter.source)).toStartWith("call:bad:");
      expect(JSON.parse(String(letter.message))).toMatchObject({ outcome: { kind: "answered", answer: '"yes"' } });
    }
    expect(await bench.count("call_intent")).toBe(0);
  });
});
