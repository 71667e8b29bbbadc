/**
 * One worker of the simulation: a process with its own server that runs the seeds it is given, one after the other.
 * A planted bug must be in place before anything else is loaded, hence the late imports.
 */
import { type Mutant, plant } from "./mutants.ts";
import type { SeedResult, Until } from "./run-seed.ts";
import type { Detail } from "./trace.ts";

const STOP_LIMIT_MS = 3_000;

/** What a worker is told at its start, as JSON in its first argument. */
export interface WorkerSettings {
  readonly workload: string;
  readonly mutant: Mutant | null;
}

export interface Job {
  readonly seed: number;
  readonly detail: Detail;
  readonly until: Until;
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly result: SeedResult }
  | { readonly kind: "failed"; readonly error: string };

const send = (message: WorkerMessage) => process.send?.(message);
const explain = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function main(settings: WorkerSettings) {
  const isPlanted = settings.mutant === null ? () => true : plant(settings.mutant);
  const { loadWorkload } = await import("./workloads.ts");
  const { startSimulationServer } = await import("./server.ts");
  const { runSeed } = await import("./run-seed.ts");
  const workload = await loadWorkload(settings.workload);
  if (!isPlanted())
    throw new Error(`mutant ${settings.mutant?.name}: the simulation never loads ${settings.mutant?.file}`);
  const server = await startSimulationServer(workload);
  let stray: unknown;
  process.on("unhandledRejection", (error) => {
    stray = error;
  });
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => {
    // A seed under way may keep the server from stopping; its guard ends it with this process.
    setTimeout(() => process.exit(1), STOP_LIMIT_MS);
    void server.stop().finally(() => process.exit(0));
  });
  /** Nothing can be awaited any more; the guard of the server ends it with this process. */
  const giveUp = (result: SeedResult) => {
    send({ kind: "result", result });
    process.exit(1);
  };
  process.on("message", async (job: Job) => {
    try {
      const { seed, detail, until } = job;
      const result = await runSeed(server, workload, seed, { detail, until, onSpin: giveUp });
      const rejected = stray === undefined ? [] : [`a promise was rejected and nobody looked: ${explain(stray)}`];
      stray = undefined;
      send({ kind: "result", result: { ...result, violations: [...result.violations, ...rejected] } });
    } catch (error) {
      send({ kind: "failed", error: explain(error) });
    }
  });
  send({ kind: "ready" });
}

if (import.meta.main) {
  main(JSON.parse(process.argv[2] ?? "{}")).catch((error: unknown) => {
    send({ kind: "failed", error: explain(error) });
    process.exitCode = 1;
    process.disconnect?.();
  });
}
