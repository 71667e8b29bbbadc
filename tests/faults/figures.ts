/** A campaign of kills as figures. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { StartError } from "../../runtime/start-error.ts";
import { summarise } from "../load/latency.ts";
import { type CampaignOptions, runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startReplicasArena } from "./replicas-arena.ts";
import { startSingleArena } from "./single-arena.ts";

export interface FaultsOptions extends CampaignOptions {
  /** Two replicas on a PostgreSQL over TCP instead of one process with its own. */
  readonly replicas: boolean;
}

export interface FaultsReport {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  readonly violations: readonly string[];
}

const RECOVERY_P99_MS = 3_000;

/** Runs a campaign on a platform of its own; everything it started has ended when it resolves or rejects. */
export async function measureFaults({ replicas, ...options }: FaultsOptions): Promise<FaultsReport> {
  await needProcesses().catch((error: Error) => {
    throw new StartError(error.message, { cause: error });
  });
  const arena = await (replicas ? startReplicasArena() : startSingleArena());
  try {
    const campaign = await runCampaign(arena, options);
    const recovery = summarise(campaign.recoveriesMs);
    const list = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    return {
      violations: campaign.violations,
      figures: [
        stated("faults.faults", campaign.faults, "kills"),
        stated("faults.orders", campaign.orders, "orders"),
        atMost("faults.violations", campaign.violations.length, "violations", 0),
        atMost("recovery.inprocessP99Ms", recovery.p99Ms, "ms", RECOVERY_P99_MS),
        stated("recovery.inprocessP50Ms", recovery.p50Ms, "ms"),
        stated("faults.rounds", recovery.count, "rounds"),
        ...Object.entries(campaign.faultsByKind).map(([kind, count]) =>
          stated(`faults.kind.${kind.replaceAll(" ", "-")}`, count, "times"),
        ),
        ...Object.entries(campaign.requests).map(([name, count]) => stated(`faults.${name}`, count, "requests")),
      ],
      notes: [
        `seed ${options.seed}, ${options.buyers} buyers, fsync on, ${replicas ? "two replicas on one PostgreSQL over TCP" : "one data directory"}`,
        `orders ended as: ${list(campaign.outcomes)}`,
        "recovery: from the last kill of a round until an order begun after it is confirmed, starting the process included",
      ],
    };
  } finally {
    await arena.remove();
  }
}
