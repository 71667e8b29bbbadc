/** `simulate`: the whole platform on a seeded scheduler over a real PostgreSQL, seed after seed. */
import { availableParallelism } from "node:os";
import { UsageError, wholeNumber, wordsAndFlagsOf } from "../../runtime/cli/arguments.ts";
import { checkFiguresFile, figureReport, stated, writeFigures } from "../../runtime/cli/figures.ts";
import { systemClock } from "../../runtime/clock.ts";
import { runMutantsCommand } from "./mutants-command.ts";
import type { SeedResult } from "./run-seed.ts";
import { type Failure, type SimulationOptions, type SimulationReport, simulate } from "./runner.ts";
import { isWorkloadName } from "./workloads.ts";

export const help = `Runs the platform on a seeded scheduler and a virtual clock over a real PostgreSQL: replicas that crash, freeze,
come and go, lost answers, duplicates, locks, outages. The same seed does the same, byte for byte.

  simulate [--seeds N] [--from SEED] [--minutes M] [--workers N] [--json FILE]
  simulate --seed S --story      one seed, told for the orders that went wrong
  simulate --seed S --trace      the same seed, every line of it
  simulate --mutants [NAME...]   with each planted bug, which must be found within --seeds (300)

  --seeds N         how many seeds (200; with --minutes as many as there is time for)
  --from SEED       the first seed (1; with --minutes the time of day, so that every run looks at new ones)
  --replay-every N  how often a seed is run again on another server, to compare (20; 0: never)
  --workload W      what to run (platform; platform:kafka has brokers in every seed, and not only in a third of them;
                    the simulation's own tests use toy:none, toy:lostUpdate, ...)

Example: bun run simulate --minutes 3 --json simulate.json`;

const DEFAULT_SEEDS = 200;
const MUTANT_SEEDS = 300;
const REPLAY_EVERY = 20;
const MOST = 2 ** 32 - 1;
const FLAGS = {
  seeds: "string",
  from: "string",
  seed: "string",
  minutes: "string",
  workers: "string",
  json: "string",
  mutants: "boolean",
  workload: "string",
  "replay-every": "string",
  story: "boolean",
  trace: "boolean",
} as const;

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { flags, words } = wordsAndFlagsOf(args, FLAGS);
  const { workload = "platform" } = flags;
  const values = { ...flags, workload };
  checkFiguresFile(values.json);
  if (values.mutants) return runMutants(values, words);
  if (words.length > 0) throw new UsageError(`Unexpected argument '${words[0]}' (see --help)`);
  return runSeeds(values);
}

type Values = ReturnType<typeof wordsAndFlagsOf<typeof FLAGS>>["flags"] & { readonly workload: string };

function settings(values: Values, preset: number): SimulationOptions {
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes);
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: give a number above 0`);
  const { workload } = values;
  if (!isWorkloadName(workload))
    throw new UsageError(`--workload ${workload}: give platform, platform:kafka or toy:MISTAKE`);
  const timed = values.minutes !== undefined;
  const single = values.seed !== undefined;
  const first = wholeNumber(single ? "seed" : "from", values.seed ?? values.from, {
    preset: timed ? startSeed() : 1,
    least: 0,
    most: MOST,
  });
  const parallel = Math.min(availableParallelism(), 8);
  return {
    workload,
    from: first,
    seeds: single ? 1 : wholeNumber("seeds", values.seeds, { preset: timed ? 2 ** 31 : preset, most: MOST }),
    minutes,
    workers: single ? 1 : wholeNumber("workers", values.workers, { preset: parallel, most: 64 }),
    detail: values.trace ? "lines" : values.story ? "story" : "end",
    replayEvery: single ? 1 : replayEvery(values),
    mutant: null,
    stopAtFirst: false,
    onFailure: (failure) => printFailure(failure, values),
  };
}

const replayEvery = (values: Values) =>
  wholeNumber("replay-every", values["replay-every"], { preset: REPLAY_EVERY, least: 0, most: MOST });

const startSeed = () => Math.floor(systemClock.now() / 1000) % 2 ** 31;

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
  const startedAtMs = systemClock.now();
  console.log(`simulate: ${options.workload}, seeds from ${options.from}, ${options.workers} worker(s)`);
  const report = await simulate({
    ...options,
    onResult: (result) => printReading(result, values),
  });
  const [failure] = report.failures;
  if (failure !== undefined && values.seed === undefined) await tellFirst(options, failure);
  const perMinute = report.seeds / (report.elapsedMs / 60_000);
  print(report, perMinute);
  const figures = [
    stated("simulate.seeds", report.seeds, "seeds"),
    {
      name: "simulate.violations",
      value: report.failures.length,
      unit: "seeds",
      wanted: "0",
      holds: report.failures.length === 0,
    },
    stated("simulate.seedsPerMinute", Math.round(perMinute), "seeds/min"),
    stated("simulate.replays", report.replays, "seeds"),
    stated("simulate.lockWaits", report.locks.waits, "statements"),
    stated("simulate.deadlocks", report.locks.deadlocks, "deadlocks"),
    stated("simulate.lockTimeouts", report.locks.timeouts, "statements"),
    stated("simulate.idleEnds", report.locks.idleEnds, "sessions"),
    stated("simulate.longestCalmMs", report.longestCalmMs, "ms (virtual)"),
  ];
  writeFigures(values.json, figureReport("simulate", startedAtMs, figures, []));
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

function runMutants(values: Values, names: readonly string[]): Promise<number> {
  if (values.minutes !== undefined) throw new UsageError("--mutants ends with --seeds, not with --minutes");
  if (values.seed !== undefined && names.length !== 1)
    throw new UsageError("--mutants with --seed runs one planted bug: name it");
  const onResult = (result: SeedResult) => printReading(result, values);
  return runMutantsCommand(names, { ...settings(values, MUTANT_SEEDS), onResult }, values.json);
}
