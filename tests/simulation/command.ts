/** `simulate`: the whole platform on a seeded scheduler over a real PostgreSQL, seed after seed. */
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { checkFiguresFile, type Figure, writeFigures as writeReport } from "../../runtime/cli/figures.ts";
import type { Mutant } from "./mutants.ts";
import { MUTANTS } from "./planted-bugs.ts";
import type { SeedResult } from "./run-seed.ts";
import { type Failure, type SimulationOptions, type SimulationReport, simulate } from "./runner.ts";
import { isWorkloadName } from "./workloads.ts";

const HELP = `Runs the platform on a seeded scheduler and a virtual clock over a real PostgreSQL: replicas that crash, freeze,
come and go, lost answers, duplicates, locks, outages. The same seed does the same, byte for byte.

  bun run simulate [--seeds N] [--from SEED] [--minutes M] [--workers N] [--json FILE]
  bun run simulate --seed S --story      one seed, told for the orders that went wrong
  bun run simulate --seed S --trace      the same seed, every line of it
  bun run simulate --mutant NAME|all     with a planted bug, which must be found within --seeds (100)

  --seeds N         how many seeds (200; with --minutes as many as there is time for)
  --from SEED       the first seed (1; with --minutes the time of day, so that every run looks at new ones)
  --replay-every N  how often a seed is run again on another server, to compare (20; 0: never)
  --workload W      what to run (platform; the simulation's own tests use toy:none, toy:lostUpdate, ...)

Example: bun run simulate --minutes 3 --json simulate.json`;

const DEFAULT_SEEDS = 200;
const MUTANT_SEEDS = 100;
const REPLAY_EVERY = 20;
const OPTIONS = {
  seeds: { type: "string" },
  from: { type: "string" },
  seed: { type: "string" },
  minutes: { type: "string" },
  workers: { type: "string" },
  json: { type: "string" },
  mutant: { type: "string" },
  workload: { type: "string", default: "platform" },
  "replay-every": { type: "string" },
  story: { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

class UsageError extends Error {}

/** Runs the command; resolves with its exit code. */
export async function run(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args, options: OPTIONS, allowPositionals: false });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    checkFiguresFile(values.json);
    return values.mutant === undefined ? await runSeeds(values) : await runMutants(values, values.mutant);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof TypeError)) throw error;
    console.error(`${error.message}\nSee: bun run simulate --help`);
    return 2;
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function wholeNumber(text: string | undefined, name: string, preset: number, least: number): number {
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value < 2 ** 32) return value;
  throw new UsageError(`--${name} ${text}: give a whole number from ${least} on`);
}

function settings(values: Values, preset: number): SimulationOptions {
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes);
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: give a number above 0`);
  const workload = values.workload ?? "platform";
  if (!isWorkloadName(workload)) throw new UsageError(`--workload ${workload}: give platform or toy:MISTAKE`);
  const timed = values.minutes !== undefined;
  const single = values.seed !== undefined;
  const first = wholeNumber(values.seed ?? values.from, single ? "seed" : "from", timed ? startSeed() : 1, 0);
  return {
    workload,
    from: first,
    seeds: single ? 1 : wholeNumber(values.seeds, "seeds", timed ? 2 ** 31 : preset, 1),
    minutes,
    workers: single ? 1 : wholeNumber(values.workers, "workers", Math.min(availableParallelism(), 8), 1),
    detail: values.trace ? "lines" : values.story ? "story" : "end",
    replayEvery: single ? 1 : wholeNumber(values["replay-every"], "replay-every", REPLAY_EVERY, 0),
    mutant: null,
    stopAtFirst: false,
    onFailure: (failure) => printFailure(failure, values),
  };
}

const startSeed = () => Math.floor(Date.now() / 1000) % 2 ** 31;

function printFailure(failure: Failure, values: Values) {
  if (values.seed === undefined) {
    const workload = values.workload === "platform" ? "" : ` --workload ${values.workload}`;
    console.log(`seed ${failure.seed} fails. Replay: bun run simulate --seed ${failure.seed}${workload} --story`);
  }
  for (const text of failure.violations) console.log(`  ${text}`);
}

/** What a reader of one seed has asked for. */
function printReading({ lines, story }: SeedResult, values: Values) {
  if (values.seed === undefined) return;
  if (values.trace) for (const line of lines) console.log(line);
  else if (values.story) for (const line of story) console.log(line);
}

/** The first broken seed once more, for its story. */
async function tellFirst(options: SimulationOptions, { seed }: Failure) {
  await simulate({
    ...options,
    from: seed,
    seeds: 1,
    minutes: Number.POSITIVE_INFINITY,
    workers: 1,
    detail: "story",
    replayEvery: 0,
    onFailure: () => undefined,
    onResult({ story }) {
      if (story.length > 0) console.log(`\n${[`The story of seed ${seed}:`, ...story].join("\n")}\n`);
    },
  });
}

async function runSeeds(values: Values): Promise<number> {
  const options = settings(values, DEFAULT_SEEDS);
  const startedAt = new Date().toISOString();
  console.log(`simulate: ${options.workload}, seeds from ${options.from}, ${options.workers} worker(s)`);
  const report = await simulate({
    ...options,
    onResult: (result) => printReading(result, values),
  });
  const [failure] = report.failures;
  if (failure !== undefined && values.seed === undefined) await tellFirst(options, failure);
  const perMinute = report.seeds / (report.elapsedMs / 60_000);
  print(report, perMinute);
  writeFigures(values.json, startedAt, [
    { name: "simulate.seeds", value: report.seeds, unit: "seeds" },
    {
      name: "simulate.violations",
      value: report.failures.length,
      unit: "seeds",
      wanted: "0",
      holds: report.failures.length === 0,
    },
    { name: "simulate.seedsPerMinute", value: Math.round(perMinute), unit: "seeds/min" },
    { name: "simulate.replays", value: report.replays, unit: "seeds" },
    { name: "simulate.lockWaits", value: report.locks.waits, unit: "statements" },
    { name: "simulate.deadlocks", value: report.locks.deadlocks, unit: "deadlocks" },
    { name: "simulate.lockTimeouts", value: report.locks.timeouts, unit: "statements" },
    { name: "simulate.idleEnds", value: report.locks.idleEnds, unit: "sessions" },
    { name: "simulate.longestCalmMs", value: report.longestCalmMs, unit: "ms (virtual)" },
  ]);
  return report.failures.length === 0 && report.seeds > 0 ? 0 : 1;
}

function print(report: SimulationReport, perMinute: number) {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none";
  const minutes = (report.virtualMs / 60_000).toFixed(1);
  console.log(
    `${report.seeds} seeds (${perMinute.toFixed(0)} a minute), ${report.steps} steps, ${minutes} virtual minutes`,
  );
  console.log(`replayed on another server: ${report.replays}`);
  console.log(`faults: ${list(report.faults)}`);
  const { waits, deadlocks, timeouts, idleEnds } = report.locks;
  console.log(
    `locks: waits ${waits}, deadlocks ${deadlocks}, timeouts ${timeouts}, ended idle in transaction ${idleEnds}`,
  );
  console.log(`ended as: ${list(report.outcomes)}`);
  console.log(
    `longest from the last fault until all had ended: ${(report.longestCalmMs / 1000).toFixed(1)} s (virtual)`,
  );
  console.log(`violations: ${report.failures.length}`);
}

async function runMutants(values: Values, wanted: string): Promise<number> {
  const chosen: readonly Mutant[] = wanted === "all" ? MUTANTS : MUTANTS.filter((mutant) => mutant.name === wanted);
  if (chosen.length === 0) {
    throw new UsageError(`--mutant ${wanted}: there is all, ${MUTANTS.map((mutant) => mutant.name).join(", ")}`);
  }
  const options = settings(values, MUTANT_SEEDS);
  const startedAt = new Date().toISOString();
  let caught = 0;
  for (const mutant of chosen) {
    const report = await simulate({
      ...options,
      mutant,
      stopAtFirst: true,
      onFailure: () => undefined,
      onResult: (result) => printReading(result, values),
    });
    const [failure] = report.failures;
    if (failure !== undefined) caught += 1;
    const found = failure === undefined ? "NOT FOUND" : `found by seed ${failure.seed}: ${failure.violations[0]}`;
    console.log(`${mutant.name}: ${found} (${report.seeds} seeds)`);
    if (failure !== undefined && values.seed === undefined)
      console.log(`  bun run simulate --mutant ${mutant.name} --seed ${failure.seed} --story`);
  }
  console.log(`${caught} of ${chosen.length} planted bugs found`);
  const holds = caught >= 0.95 * chosen.length;
  writeFigures(values.json, startedAt, [
    { name: "simulate.mutants", value: chosen.length, unit: "mutants" },
    { name: "simulate.mutantsCaught", value: caught, unit: "mutants", wanted: ">= 95 %", holds },
  ]);
  return holds ? 0 : 1;
}

function writeFigures(file: string | undefined, startedAt: string, figures: readonly Figure[]) {
  if (file === undefined) return;
  const [cpu] = cpus();
  const machine = {
    cores: availableParallelism(),
    cpu: cpu?.model ?? "unknown",
    memoryMb: Math.round(totalmem() / 2 ** 20),
  };
  writeReport(file, { command: "simulate", startedAt, machine, figures });
}
