/** `bench NAME`: benchmarks that print their figures and write them as JSON. */

import { systemClock } from "../clock.ts";
import { UsageError, wholeNumber, wordsAndFlagsOf } from "./arguments.ts";
import { allHold, checkFiguresFile, figureReport, figureTable, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo bench orders [--quick] [--json FILE] [--profile] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench start [--json FILE] [--rounds N]

orders: runs the platform and a plain SQL implementation of the same order in turns on one PostgreSQL 18 server of its own
(downloaded once) and prints completed orders a second, CPU an order and time to CONFIRMED as ratios.

start: from exec to the first 200 of /health/ready on existing data, and the memory that it takes.

  --quick          one short round: some 45 s instead of three minutes
  --seconds N      length of a turn (15)
  --rounds N       how often each takes its turn (3; start: 5)
  --connections N  orders under way at a time (128)
  --profile        also prints where the time goes: statements and functions (costs some throughput)
  --json FILE      writes the figures

Exit code 0 when every figure keeps its bound, 1 when one does not, 2 for bad arguments.

Example: bun run bench orders --quick --json /tmp/orders.json`;

const BENCHMARKS = ["orders", "start"] as const;

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseBenchArgs(args);
  checkFiguresFile(parsed.json);
  const startedAtMs = systemClock.now();
  const progress = (line: string) => console.log(line);
  const result =
    parsed.name === "orders"
      ? await (await import("../../tests/load/orders.ts")).benchOrders({ ...parsed, progress })
      : { profile: "", ...(await (await import("../../tests/load/start.ts")).benchStart({ ...parsed, progress })) };
  const report = figureReport(`bench ${parsed.name}`, startedAtMs, result.figures, result.notes);
  if (result.profile !== "") console.log(`\n${result.profile}`);
  console.log(`\n${figureTable(report)}`);
  writeFigures(parsed.json, report);
  return allHold(report) ? 0 : 1;
}

function parseBenchArgs(args: readonly string[]) {
  const { flags, words } = wordsAndFlagsOf(args, {
    quick: "boolean",
    profile: "boolean",
    json: "string",
    seconds: "string",
    rounds: "string",
    connections: "string",
  });
  const name = BENCHMARKS.find((known) => known === words[0]);
  if (words.length !== 1 || name === undefined) {
    const given = words.length === 0 ? "none" : words.join(" ");
    throw new UsageError(`bench: name one benchmark, ${BENCHMARKS.join(" or ")}, not ${given} (see bench --help)`);
  }
  const quick = flags.quick === true;
  return {
    name,
    seconds: wholeNumber("seconds", flags.seconds, { preset: quick ? 4 : 15, most: 600 }),
    rounds: wholeNumber("rounds", flags.rounds, { preset: quick ? 1 : name === "start" ? 5 : 3, most: 50 }),
    connections: wholeNumber("connections", flags.connections, { preset: 128, most: 1024 }),
    profile: flags.profile === true,
    json: flags.json,
  };
}
