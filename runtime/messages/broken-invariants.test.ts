import { expect, test } from "bun:test";
import { InvariantBroken } from "../invariant.ts";
import { until } from "../until.fixture.ts";
import { ids, incoming, newKey, testBench } from "./replicas.fixture.ts";
import { openTally } from "./tally.fixture.ts";

const bench = testBench();

test("a decision that breaks an invariant: nothing of it is written, wherever it came from; others go on", async () => {
  await bench.rows("insert into pot values ('a', 0)");
  const replica = await bench.replica({ shared: true });
  const [key, other] = [newKey(), newKey()];
  const request = { scope: ids.next(), bodyHash: ids.next(), status: 201, reference: "the first" };
  const timers = ["negative", "impostor"].map((kind) => ({ kind, dueMs: Date.now() }));
  await Promise.all([
    replica.deliver(incoming(key, 1, { name: "first", add: 1, timers })),
    replica.deliver(incoming(key, 2, { name: "below", add: -2, emit: 1, pot: "a", calls: ["ask"] })),
    replica.deliver(incoming(other, 1, { name: "goes on", add: 1, pot: "a" })),
    expect(
      replica.run(openTally, newKey(), { name: "below too", add: -1, emit: 1 }, { idempotency: request }),
    ).rejects.toBeInstanceOf(InvariantBroken),
  ]);
  await until("all are parked", async () => (await bench.letters(key)).length === 3);
  const letters = await bench.letters(key);
  expect(letters.map(({ source, reason }) => [source, reason])).toEqual([
    ["genai-demo.tally.commands.v1", "threw"],
    ["timer:impostor", "rejected"],
    ["timer:negative", "threw"],
  ]);
  for (const { error } of letters) expect(String(error)).toContain("invariant broken");
  expect([await bench.effects(key), await bench.effects(other)]).toEqual([["first"], ["goes on"]]);
  expect(await bench.total(key)).toBe(1);
  expect(await bench.rows("select amount from pot")).toEqual([{ amount: 1 }]);
  expect(await Promise.all(["idempotency", "call_intent", "timer"].map(bench.count))).toEqual([0, 0, 0]);
  expect(await bench.count("tally")).toBe(2);
  // The key of what failed is free.
  expect((await replica.run(openTally, newKey(), { name: "good" }, { idempotency: request })).kind).toBe("decided");
});
