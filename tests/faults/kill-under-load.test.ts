/** kill -9 of each kind under load, once each. `bun run faults` does more of it, and measures. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { seededRandom } from "../../runtime/random.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { drawKinds, runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startReplicasArena } from "./replicas-arena.ts";
import { startSingleArena } from "./single-arena.ts";

setDefaultTimeout(240_000);

test.each([
  ["one process on its data directory", startSingleArena],
  ["two replicas on one PostgreSQL", startReplicasArena],
] as const)("%s: what was acknowledged ends right, nobody is charged twice, stock is exact", async (shape, start) => {
  const arena = await provideOrSkip(`kill -9 of ${shape}`, async () => {
    await needProcesses();
    return start();
  });
  if (!arena) return;
  const told: string[] = [];
  try {
    const rounds = arena.kinds.length + 2;
    const campaign = await runCampaign(arena, {
      rounds,
      seed: Math.floor(Date.now() / 1000),
      buyers: 12,
      progress: (line) => told.push(line),
    });
    // What each round did, beside what was found.
    expect([campaign.violations, told]).toEqual([[], expect.any(Array)]);
    expect(campaign.recoveriesMs).toHaveLength(rounds);
    expect(campaign.faults).toBe(rounds + 2);
    for (const kind of arena.kinds) expect(campaign.faultsByKind[kind]).toBeGreaterThan(0);
    expect(campaign.requests.unanswered).toBeGreaterThan(0);
    expect(campaign.orders).toBeGreaterThan(50);
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
