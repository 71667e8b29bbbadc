/** `faults`: kills real processes under load, and prints what came of it as figures. */
import { systemClock } from "../clock.ts";
import { flagsOf, UsageError, wholeNumber } from "./arguments.ts";
import { allHold, checkFiguresFile, figureReport, figureTable, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo faults [--replicas | --split] [--rounds N] [--seed N] [--buyers N] [--json FILE]

Kills the platform with SIGKILL again and again while orders are placed: its process group, all of its processes at
once, the application alone, its PostgreSQL server, one process of the server, two of these in quick succession, and
again while it recovers. It is started again on the same data directory (fsync is on). In the end every acknowledged
order must exist and have ended right, with one charge in the provider's own ledger, and stock exact.

  --replicas   two replicas on one PostgreSQL over TCP (downloaded once) instead: one, both, the server, one of its
               processes
  --split      six processes over Kafka instead: one of them, all, the broker, Redis, PostgreSQL, one of its processes
  --rounds N   kills, one or two a round (10, at most 200); some five seconds each
  --seed N     chooses kinds, pauses and baskets (the time of day)
  --buyers N   how many place orders at a time (16, at most 128)
  --json FILE  writes the figures

Linux only, because it looks for the processes in /proc. Exit code 0 when every figure keeps its bound, 1 when one does
not, 2 for bad arguments.

Example: bun run faults --rounds 50 --json /tmp/faults.json`;

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args, {
    replicas: "boolean",
    split: "boolean",
    rounds: "string",
    seed: "string",
    buyers: "string",
    json: "string",
  });
  if (flags.replicas && flags.split) throw new UsageError("faults: give --replicas or --split, not both");
  const startedAtMs = systemClock.now();
  const options = {
    shape: flags.split ? ("split" as const) : flags.replicas ? ("replicas" as const) : ("single" as const),
    rounds: wholeNumber("rounds", flags.rounds, { preset: 10, most: 200 }),
    seed: wholeNumber("seed", flags.seed, { preset: Math.floor(startedAtMs / 1000) % 2 ** 31, most: 2 ** 31 }),
    buyers: wholeNumber("buyers", flags.buyers, { preset: 16, most: 128 }),
  };
  checkFiguresFile(flags.json);
  const { measureFaults } = await import("../../tests/faults/figures.ts");
  console.log(`faults: seed ${options.seed}`);
  const { figures, notes, violations } = await measureFaults({ ...options, progress: (line) => console.log(line) });
  for (const violation of violations) console.log(`VIOLATION ${violation}`);
  const report = figureReport("faults", startedAtMs, figures, notes);
  console.log(`\n${figureTable(report)}`);
  writeFigures(flags.json, report);
  return allHold(report) ? 0 : 1;
}
