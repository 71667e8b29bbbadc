/** `bench NAME`: benchmarks that print their figures and write them as JSON. */

import { parseArgs } from "node:util";
import { systemClock } from "../clock.ts";
import { parseFault } from "./arguments.ts";
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
  let parsed: ReturnType<typeof parseBenchArgs>;
  try {
    parsed = parseBenchArgs(args);
  } catch (error) {
    console.error(`bench: ${parseFault(error)} (see bench --help)`);
    return 2;
  }
  if (parsed === "help") {
    console.log(help);
    return 0;
  }
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
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean" },
      quick: { type: "boolean" },
      profile: { type: "boolean" },
      json: { type: "string" },
      seconds: { type: "string" },
      rounds: { type: "string" },
      connections: { type: "string" },
    },
  });
  if (values.help) return "help";
  const name = BENCHMARKS.find((known) => known === positionals[0]);
  if (positionals.length !== 1 || name === undefined) {
    const given = positionals.length === 0 ? "none" : positionals.join(" ");
    throw new Error(`name one benchmark: ${BENCHMARKS.join(" or ")} (got ${given})`);
  }
  const quick = values.quick === true;
  return {
    name,
    seconds: whole("--seconds", values.seconds, quick ? 4 : 15, 600),
    rounds: whole("--rounds", values.rounds, quick ? 1 : name === "start" ? 5 : 3, 50),
    connections: whole("--connections", values.connections, 128, 1024),
    profile: values.profile === true,
    json: values.json,
  };
}

function whole(option: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`${option} takes a whole number from 1 to ${most}, not ${text}`);
  }
  return value;
}
