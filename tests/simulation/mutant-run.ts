/**
 * Planted bugs, one after the other on each worker: a bug is in place for the life of a process, so each bug has a worker
 * of its own, which runs seeds until one of them is broken or there are no more. A simulation that cannot be run to its
 * end has found nothing, nor has a seed that is broken without the bug as well: that one is a finding of its own.
 */
import { messageOf } from "../../runtime/error-text.ts";
import { mutate } from "./mutants.ts";
import type { PlantedBug } from "./planted-bugs/planted-bug.ts";
import type { SeedResult } from "./run-seed.ts";
import type { Detail } from "./trace.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

export interface MutantRun {
  readonly bug: PlantedBug;
  /** How many seeds were run. */
  readonly seeds: number;
  /** The first that is broken, and how; null: none is. */
  readonly caught: { readonly seed: number; readonly violation: string } | null;
  /** Why its seeds show nothing, or null. */
  readonly broke: string | null;
  readonly elapsedMs: number;
}

export interface MutantRunOptions {
  readonly bugs: readonly PlantedBug[];
  /** Where a bug does not say it. */
  readonly workload: string;
  readonly from: number;
  /** A bug's seeds, at most. */
  readonly seeds: number;
  readonly workers: number;
  readonly detail: Detail;
  readonly onRun: (run: MutantRun) => void;
  readonly onResult?: (result: SeedResult) => void;
}

/** Runs them all; resolves in the order in which they were given. Throws at once where one has no place in the source. */
export async function runMutants(options: MutantRunOptions): Promise<readonly MutantRun[]> {
  const { bugs, workers, onRun } = options;
  for (const bug of bugs) mutate(bug);
  const runs = new Map<PlantedBug, MutantRun>();
  const left = [...bugs];
  const without = withoutBugs(options);
  async function work(core: number) {
    for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
      const run = await runMutant(options, bug, core, without);
      runs.set(bug, run);
      onRun(run);
    }
  }
  await Promise.all(Array.from({ length: Math.min(workers, bugs.length) }, (_, core) => work(core)));
  return bugs.flatMap((bug) => runs.get(bug) ?? []);
}

async function runMutant(
  { workload, from, seeds, detail, onResult }: MutantRunOptions,
  bug: PlantedBug,
  core: number,
  without: ViolationWithout,
): Promise<MutantRun> {
  const startedMs = performance.now();
  const own = bug.workload ?? workload;
  const worker = await startWorker({ workload: own, mutant: bug }, core);
  const ended = (run: Pick<MutantRun, "seeds" | "caught" | "broke">): MutantRun => ({
    bug,
    ...run,
    elapsedMs: performance.now() - startedMs,
  });
  let run = 0;
  try {
    for (; run < seeds; run++) {
      const seed = (from + run) >>> 0;
      const result = await resultOf(worker, seed, detail);
      if (typeof result === "string") return ended({ seeds: run + 1, caught: null, broke: result });
      onResult?.(result);
      const [violation] = result.violations;
      if (violation === undefined) continue;
      const also = await without(own, seed, core);
      if (also === null) return ended({ seeds: run + 1, caught: { seed, violation }, broke: null });
      const broke = `seed ${seed} is broken without it as well: ${also}`;
      return ended({ seeds: run + 1, caught: null, broke });
    }
    return ended({ seeds: run, caught: null, broke: null });
  } finally {
    await worker.stop();
  }
}

/** What breaks a seed of a workload without any bug; null: nothing does. */
type ViolationWithout = (workload: string, seed: number, core: number) => Promise<string | null>;

/** Many bugs are caught by the same seeds: each is run once. */
function withoutBugs({ detail }: Pick<MutantRunOptions, "detail">): ViolationWithout {
  const known = new Map<string, Promise<string | null>>();
  async function run(workload: string, seed: number, core: number) {
    const worker = await startWorker({ workload, mutant: null }, core);
    try {
      const result = await resultOf(worker, seed, detail);
      return typeof result === "string" ? result : (result.violations[0] ?? null);
    } finally {
      await worker.stop();
    }
  }
  return (workload, seed, core) => {
    const name = `${workload} ${seed}`;
    const found = known.get(name) ?? run(workload, seed, core);
    known.set(name, found);
    return found;
  };
}

/** A text: why there is no result. */
const resultOf = (worker: WorkerProcess, seed: number, detail: Detail) =>
  worker
    .run(seed, detail, detail === "end" ? "first violation" : "end")
    .catch((error: unknown) => `seed ${seed}: ${messageOf(error)}`);
