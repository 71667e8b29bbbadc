/** Two replicas on one PostgreSQL: kill -9 of one, of both, of the server, which starts again on its cluster. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { provideOrSkip } from "../provision/missing.ts";
import { runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startReplicasArena } from "./replicas-arena.ts";

setDefaultTimeout(240_000);

test("every kind of kill: what either replica acknowledged ends right, once", async () => {
  const arena = await provideOrSkip("kill -9 of replicas under load", async () => {
    await needProcesses();
    return startReplicasArena();
  });
  if (!arena) return;
  try {
    const rounds = arena.kinds.length + 2;
    const campaign = await runCampaign(arena, {
      rounds,
      seed: Math.floor(Date.now() / 1000),
      buyers: 12,
      progress: () => undefined,
    });
    expect(campaign.violations).toEqual([]);
    expect(campaign.recoveriesMs).toHaveLength(rounds);
    for (const kind of arena.kinds) expect(campaign.faultsByKind[kind]).toBeGreaterThan(0);
    expect(campaign.orders).toBeGreaterThan(50);
  } finally {
    await arena.remove();
  }
});
