/** kill -9 of each kind under load, once each. `bun run faults` does more of it, and measures. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { seededRandom } from "../../runtime/random.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { drawKinds, runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startReplicasArena } from "./replicas-arena.ts";
import { startSingleArena } from "./single-arena.ts";
import { startSplitArena } from "./split-arena.ts";

setDefaultTimeout(240_000);

test.each([
  ["one process on its data directory", startSingleArena],
  ["two replicas on one PostgreSQL", startReplicasArena],
  ["six processes over Kafka", startSplitArena],
] as const)("%s: what was acknowledged ends right, nobody is charged twice, stock is exact", async (shape, start) => {
  const arena = await provideOrSkip(`kill -9 of ${shape}`, async () => {
    await needProcesses();
    return start();
  });
  if (!arena) return;
  const seed = Math.floor(Date.now() / 1000);
  const told = [`seed ${seed}`];
  try {
    const rounds = arena.kinds.length + 2;
    const campaign = await runCampaign(arena, {
      rounds,
      seed,
      buyers: 12,
      progress: (line) => told.push(line),
    });
    // With the seed, and what each round did, beside what was found.
    const { orders, requests, faults, faultsByKind, recoveriesMs, violations } = campaign;
    const found = {
      violations,
      recovered: recoveriesMs.length,
      faults,
      kindsLeftOut: arena.kinds.filter((kind) => !faultsByKind[kind]),
      // Each round confirms an order; a kill under load leaves somebody without an answer, or without the platform.
      tooFewOrders: orders < rounds,
      noRequestMetAFault: requests.unanswered + requests.unavailable === 0,
    };
    expect([found, told]).toEqual([
      {
        violations: [],
        recovered: rounds,
        faults: rounds + 2,
        kindsLeftOut: [],
        tooFewOrders: false,
        noRequestMetAFault: false,
      },
      expect.any(Array),
    ]);
  } finally {
    await arena.remove();
  }
});

test("a seed chooses the kinds, each as often as any other", () => {
  const kinds = ["a", "b", "c"];
  const drawn = drawKinds(kinds, 9, seededRandom(5));
  expect(drawn).toEqual(drawKinds(kinds, 9, seededRandom(5)));
  expect(drawn.toSorted()).toEqual(["a", "a", "a", "b", "b", "b", "c", "c", "c"]);
  expect(drawKinds(kinds, 2, seededRandom(5))).toHaveLength(2);
});
