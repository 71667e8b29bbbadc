/** kill -9 of each kind under load, on one data directory. `bun run faults` does more of it, and measures. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { seededRandom } from "../../runtime/random.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { drawKinds, runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startSingleArena } from "./single-arena.ts";

setDefaultTimeout(240_000);

test("every kind of kill: what was acknowledged ends right, nobody is charged twice, stock is exact", async () => {
  if (!(await provideOrSkip("kill -9 under load", needProcesses))) return;
  const arena = await startSingleArena();
  const told: string[] = [];
  try {
    const rounds = arena.kinds.length + 2;
    const campaign = await runCampaign(arena, {
      rounds,
      seed: Math.floor(Date.now() / 1000),
      buyers: 12,
      progress: (line) => told.push(line),
    });
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
