/** `simulate --mutants`: which planted bugs the simulation catches, after how many seeds, and by what. */
import { UsageError } from "../../runtime/cli/arguments.ts";
import { allHold, atLeast, figureReport, figureTable, stated, writeFigures } from "../../runtime/cli/figures.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type MutantRun, type MutantRunOptions, runMutants } from "./mutant-run.ts";
import { FOR_REAL_PROCESSES } from "./planted-bugs/real-processes.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

/** Of those that the simulation can show. */
const SHARE_WANTED = 0.95;

/** Runs the named ones, or all; resolves with the exit code. */
export async function runMutantsCommand(
  names: readonly string[],
  options: Pick<MutantRunOptions, "workload" | "from" | "seeds" | "workers" | "detail" | "onResult">,
  jsonFile: string | undefined,
): Promise<number> {
  const bugs = names.length === 0 ? PLANTED_BUGS : names.map(bugOf);
  const startedAtMs = systemClock.now();
  console.log(
    `simulate: ${bugs.length} planted bug(s), at most ${options.seeds} seeds each, ${options.workers} worker(s)`,
  );
  const runs = await runMutants({ ...options, bugs, onRun: (run) => console.log(lineOf(run)) });
  const caught = runs.filter(({ caught }) => caught !== null).length;
  const missed = runs.filter(({ caught }) => caught === null).map(({ bug }) => bug.name);
  const report = figureReport(
    "simulate --mutants",
    startedAtMs,
    [
      stated("simulate.mutants", runs.length, "mutants"),
      stated("simulate.mutantsCaught", caught, "mutants"),
      atLeast("simulate.mutantsCaughtShare", caught / runs.length, "of 1", SHARE_WANTED),
      stated(
        "simulate.mutantSeeds",
        sum(runs, ({ seeds }) => seeds),
        "seeds",
      ),
      stated("simulate.mutantsForRealProcesses", FOR_REAL_PROCESSES.length, "mutants"),
    ],
    missed.length === 0 ? [] : [`not caught: ${missed.join(", ")}`],
  );
  console.log(figureTable(report));
  writeFigures(jsonFile, report);
  return allHold(report) ? 0 : 1;
}

function bugOf(name: string) {
  const bug = PLANTED_BUGS.find((each) => each.name === name);
  if (bug !== undefined) return bug;
  const real = FOR_REAL_PROCESSES.find((each) => each.name === name);
  if (real !== undefined)
    throw new UsageError(
      `${name} shows in real processes only: bun test ${real.shownBy.file} -t "${real.shownBy.test}"`,
    );
  throw new UsageError(
    `there is no planted bug ${name}; there are ${PLANTED_BUGS.map((each) => each.name).join(", ")}`,
  );
}

const sum = (runs: readonly MutantRun[], of: (run: MutantRun) => number) =>
  runs.reduce((total, run) => total + of(run), 0);

function lineOf({ bug, seeds, caught, broke, elapsedMs }: MutantRun): string {
  const took = `${(elapsedMs / 1000).toFixed(1)} s`;
  if (broke !== null) return `${bug.name}: NOT CAUGHT (${took}): ${broke}`;
  if (caught === null)
    return `${bug.name}: NOT CAUGHT in ${seeds} seeds (${took}). ${bug.breaks} Against: ${bug.against}`;
  const replay = `bun run simulate --mutants ${bug.name} --seed ${caught.seed} --story`;
  return `${bug.name}: caught after ${seeds} seeds (${took}), ${bug.against}: ${caught.violation}\n  ${replay}`;
}
