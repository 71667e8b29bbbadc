/**
 * Many seeds over several workers. Every so many seeds one is replayed on another worker, whose server has another
 * history: its digest must be the same byte for byte, or chance has leaked into the system or the simulation.
 */

import { messageOf } from "../../runtime/error-text.ts";
import type { Mutant } from "./mutants.ts";
import type { SeedResult } from "./run-seed.ts";
import type { Detail } from "./trace.ts";
import { type LockCounts, noLocks } from "./waiting.ts";
import type { WorkerSettings } from "./worker.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

export interface SimulationOptions {
  readonly workload: string;
  readonly from: number;
  /** How many seeds at most. */
  readonly seeds: number;
  readonly minutes: number;
  readonly workers: number;
  readonly detail: Detail;
  readonly replayEvery: number;
  readonly mutant: Mutant | null;
  readonly stopAtFirst: boolean;
  readonly onFailure: (failure: Failure) => void;
  /** Called with each seed's result, story included. */
  readonly onResult?: (result: SeedResult) => void;
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  /** The last lines of its trace, or all, as was asked for. */
  readonly lines: readonly string[];
  /** Empty unless it was asked for. */
  readonly story: readonly string[];
}

export interface SimulationReport {
  readonly seeds: number;
  readonly failures: readonly Failure[];
  readonly replays: number;
  readonly elapsedMs: number;
  readonly steps: number;
  readonly locks: Readonly<LockCounts>;
  readonly virtualMs: number;
  /** The longest time from the last fault of a seed until all had ended. */
  readonly longestCalmMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly results: readonly SeedResult[];
}

interface Replay {
  readonly seed: number;
  readonly digest: string;
  readonly lines: readonly string[];
  readonly worker: number;
}

/** So many seeds that could not be run to their end say enough. */
const MOST_BROKEN = 3;

/** Runs the seeds; resolves with what was found. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { workload, mutant, workers, detail, stopAtFirst } = options;
  const failures: Failure[] = [];
  const results: SeedResult[] = [];
  const replays: Replay[] = [];
  const faults: Record<string, number> = {};
  const outcomes: Record<string, number> = {};
  let next = 0;
  let replayed = 0;
  let broken = 0;
  const locks = noLocks();
  const totals = { steps: 0, virtualMs: 0, longestCalmMs: 0 };

  const fail = (failure: Failure) => {
    failures.push(failure);
    options.onFailure(failure);
  };
  function note(result: SeedResult, worker: number) {
    totals.steps += result.steps;
    totals.virtualMs += result.virtualMs;
    totals.longestCalmMs = Math.max(totals.longestCalmMs, result.calmMs);
    locks.waits += result.locks.waits;
    locks.deadlocks += result.locks.deadlocks;
    locks.timeouts += result.locks.timeouts;
    locks.idleEnds += result.locks.idleEnds;
    add(faults, result.faults);
    add(outcomes, result.outcomes);
    results.push({ ...result, lines: [], story: [] });
    options.onResult?.(result);
    if (result.violations.length > 0) fail(result);
    if (options.replayEvery > 0 && (result.seed - options.from) % options.replayEvery === 0) {
      replays.push({ seed: result.seed, digest: result.digest, lines: result.lines, worker });
    }
  }

  async function replay(worker: WorkerProcess, { seed, digest, lines: first }: Replay) {
    replayed += 1;
    const again = await worker.run(seed, detail);
    if (again.digest === digest) return;
    const differs = again.lines.findIndex((line, index) => line !== first[index]);
    const where = detail === "lines" ? `; first difference: ${first[differs]} | ${again.lines[differs]}` : "";
    const { lines, story } = again;
    fail({ seed, violations: [`the same seed gave another digest on another worker${where}`], lines, story });
  }

  const pool = await startWorkers(workers, { workload, mutant });
  const startedMs = performance.now();
  const untilMs = startedMs + options.minutes * 60_000;
  const isOver = () =>
    next >= options.seeds ||
    performance.now() > untilMs ||
    broken >= MOST_BROKEN ||
    (stopAtFirst && failures.length > 0);

  /** One seed, or the replay of one; a worker that breaks is replaced. */
  async function runOne(index: number, again: Replay | undefined) {
    const worker = pool[index];
    if (worker === undefined) throw new Error(`there is no worker ${index}`);
    const seed = again?.seed ?? (options.from + next++) >>> 0;
    try {
      if (again === undefined) note(await worker.run(seed, detail), index);
      else await replay(worker, again);
    } catch (error) {
      const why = messageOf(error);
      fail({ seed, violations: [`the simulation broke: ${why}`], lines: [], story: [] });
      broken += 1;
      await worker.stop();
      pool[index] = await startWorker({ workload, mutant }, index);
    }
  }

  async function work(index: number) {
    for (;;) {
      const due = replays.findIndex((candidate) => workers === 1 || candidate.worker !== index);
      const [again] = due < 0 ? [] : replays.splice(due, 1);
      if (again === undefined && isOver()) return;
      await runOne(index, again);
    }
  }

  try {
    await Promise.all(pool.map((_, index) => work(index)));
    // Seeds that ended last are owed their replay by a worker that had already gone.
    for (const last of replays.splice(0)) await runOne((last.worker + 1) % workers, last);
  } finally {
    await Promise.all(pool.map((worker) => worker.stop()));
  }
  const elapsedMs = performance.now() - startedMs;
  return { seeds: results.length, failures, replays: replayed, elapsedMs, ...totals, locks, faults, outcomes, results };
}

/** All of them, or none when one does not start. */
async function startWorkers(count: number, settings: WorkerSettings): Promise<WorkerProcess[]> {
  const starts = await Promise.allSettled(Array.from({ length: count }, (_, index) => startWorker(settings, index)));
  const workers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const failed = starts.find((start) => start.status === "rejected");
  if (failed === undefined) return workers;
  await Promise.all(workers.map((worker) => worker.stop()));
  throw failed.reason;
}

function add(total: Record<string, number>, more: Readonly<Record<string, number>>) {
  for (const [name, count] of Object.entries(more)) total[name] = (total[name] ?? 0) + count;
}
