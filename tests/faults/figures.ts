/** A campaign of kills as figures. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { StartError } from "../../runtime/start-error.ts";
import { summarise } from "../load/latency.ts";
import { type CampaignOptions, runCampaign } from "./campaign.ts";
import { needProcesses } from "./process-tree.ts";
import { startReplicasArena } from "./replicas-arena.ts";
import { startSingleArena } from "./single-arena.ts";
import { startSplitArena } from "./split-arena.ts";

export interface FaultsOptions extends CampaignOptions {
  readonly shape: FaultsShape;
}

export interface FaultsReport {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  readonly violations: readonly string[];
}

/** One process with its own PostgreSQL; two replicas of it on a PostgreSQL over TCP; six processes over Kafka. */
export type FaultsShape = "single" | "replicas" | "split";

const SHAPES = {
  single: { start: startSingleArena, recovery: "inprocess", p99Ms: 3_000, inWords: "one data directory" },
  replicas: {
    start: startReplicasArena,
    recovery: "inprocess",
    p99Ms: 3_000,
    inWords: "two replicas on one PostgreSQL over TCP",
  },
  split: { start: startSplitArena, recovery: "kafka", p99Ms: 10_000, inWords: "six processes over Kafka" },
} as const;

/** Runs a campaign on a platform of its own; everything it started has ended when it resolves or rejects. */
export async function measureFaults({ shape, ...options }: FaultsOptions): Promise<FaultsReport> {
  await needProcesses().catch((error: Error) => {
    throw new StartError(error.message, { cause: error });
  });
  const { start, recovery: kind, p99Ms, inWords } = SHAPES[shape];
  const arena = await start();
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
        atMost(`recovery.${kind}P99Ms`, recovery.p99Ms, "ms", p99Ms),
        stated(`recovery.${kind}P50Ms`, recovery.p50Ms, "ms"),
        stated("faults.rounds", recovery.count, "rounds"),
        ...Object.entries(campaign.faultsByKind).map(([kind, count]) =>
          stated(`faults.kind.${kind.replaceAll(" ", "-")}`, count, "times"),
        ),
        ...Object.entries(campaign.requests).map(([name, count]) => stated(`faults.${name}`, count, "requests")),
      ],
      notes: [
        `seed ${options.seed}, ${options.buyers} buyers, fsync on, ${inWords}`,
        `orders ended as: ${list(campaign.outcomes)}`,
        "recovery: from the last kill of a round until an order begun after it is confirmed, starting the process included",
      ],
    };
  } finally {
    await arena.remove();
  }
}
