/** `bench NAME`: benchmarks that print their figures and write them as JSON. */

import type { Benchmark, BenchmarkOptions } from "../../tests/load/benchmark.ts";
import { systemClock } from "../clock.ts";
import { UsageError, wholeNumber, wordsAndFlagsOf } from "./arguments.ts";
import { allHold, checkFiguresFile, figureReport, figureTable, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo bench orders [--quick] [--json FILE] [--profile] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench split [the same]
       genai-demo bench idle [--quick] [--json FILE] [--seconds N] [--rounds N]
       genai-demo bench start [--json FILE] [--rounds N]
       genai-demo bench overload [--quick] [--json FILE] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench reads [--quick] [--json FILE] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench hop [--quick] [--json FILE] [--seconds N] [--rounds N]
       genai-demo bench growth [--quick] [--json FILE] [--orders N] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench tracing [--quick] [--json FILE] [--seconds N] [--rounds N] [--connections N]
       genai-demo bench rolling [--quick] [--json FILE] [--rounds N]
       genai-demo bench shutdown [--quick] [--json FILE] [--rounds N]
       genai-demo bench authz [--json FILE]

orders: runs the platform and a plain SQL implementation of the same order in turns on one PostgreSQL 18 server of its own
(downloaded once) and prints completed orders a second, CPU an order and time to CONFIRMED as ratios.

split: runs the platform as six processes over Kafka, PostgreSQL and Redis of its own and in one process in turns, and
prints CPU an order of the one over the other's, and time to CONFIRMED over what messages and commits take by themselves.

idle: runs the executable as six processes, and prints what each uses of a core while nobody asks anything of it.

authz: asks every route of the platform as everybody who may come by, in one process and in six, and counts the answers
that are not as the route declares.

start: builds the executables; from exec to the first 200 of /health/ready on existing data, with the database inside and
with an external one, and the memory that it takes.

overload: offers five and ten times as many orders as the platform can do, and prints what it completes as a ratio of
its peak, how soon it turns others away, what memory it takes and how soon the peak is back.

reads: asks for orders by their owners' tokens, and prints requests a second as a ratio of a bare route's that answers
the row of the same statement.

hop: one message from publishing until its handler is called, through the platform's transport in process and over
Kafka, each over the bare thing.

growth: fills the tables of all modules with finished orders (ten million take 80 GB of disk and half an hour) and
prints completed orders a second as a ratio of what they are with none, and how large the tables are.

tracing: runs the platform without traces, with 5 % and with all requests traced in turns, and prints orders a second as
ratios; then freezes the collector under load and counts the requests that fail.

rolling: rolls a split platform between the release before and this one under load, forward and back, and counts the
requests that fail and what is wrong afterwards. 50 rounds take some 20 minutes.

shutdown: sends SIGTERM to one of two replicas under load again and again, and counts the same. 100 take ten minutes.

  --quick          one short round: some 45 s instead of three minutes (growth: a few minutes)
  --seconds N      length of a turn (15; idle: 30; overload: 10; hop: 5)
  --rounds N       how often each takes its turn (3; start: 5; overload: 1; rolling: 50; shutdown: 100)
  --connections N  orders under way at a time (128); reads: requests
  --orders N       growth: how many are stored (10000000; quick: 200000)
  --profile        also prints where the time goes: statements and functions (costs some throughput)
  --json FILE      writes the figures

Exit code 0 when every figure keeps its bound, 1 when one does not, 2 for bad arguments.

Example: bun run bench orders --quick --json /tmp/orders.json`;

/** How long it is unless the flags say otherwise, and what runs it. */
interface Entry {
  /** Of a turn, and of one in a short run, where it has turns of a length. */
  readonly seconds?: number;
  readonly quickSeconds?: number;
  readonly rounds: number;
  /** How many orders it stores, where it does. */
  readonly orders?: number;
  readonly quickOrders?: number;
  readonly run: (options: BenchmarkOptions) => Promise<Benchmark>;
}

const BENCHMARKS: Readonly<Record<string, Entry>> = {
  orders: {
    seconds: 15,
    quickSeconds: 4,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/orders.ts")).benchOrders(options),
  },
  split: {
    seconds: 15,
    quickSeconds: 4,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/split.ts")).benchSplit(options),
  },
  idle: {
    seconds: 30,
    quickSeconds: 10,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/idle.ts")).benchIdle(options),
  },
  start: {
    rounds: 5,
    run: async (options) => (await import("../../tests/load/start.ts")).benchStart(options),
  },
  overload: {
    seconds: 10,
    quickSeconds: 5,
    rounds: 1,
    run: async (options) => (await import("../../tests/load/overload.ts")).benchOverload(options),
  },
  reads: {
    seconds: 15,
    quickSeconds: 4,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/reads.ts")).benchReads(options),
  },
  hop: {
    seconds: 5,
    quickSeconds: 3,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/hop.ts")).benchHop(options),
  },
  growth: {
    seconds: 15,
    quickSeconds: 4,
    rounds: 3,
    orders: 10_000_000,
    quickOrders: 200_000,
    run: async (options) => (await import("../../tests/load/growth.ts")).benchGrowth(options),
  },
  tracing: {
    seconds: 15,
    quickSeconds: 4,
    rounds: 3,
    run: async (options) => (await import("../../tests/load/tracing.ts")).benchTracing(options),
  },
  rolling: {
    rounds: 50,
    run: async (options) => (await import("../../tests/upgrade/bench.ts")).benchRolling(options),
  },
  shutdown: {
    rounds: 100,
    run: async (options) => (await import("../../tests/upgrade/bench.ts")).benchShutdown(options),
  },
  authz: {
    rounds: 1,
    run: async (options) => (await import("../../tests/rights/bench.ts")).benchRights(options),
  },
};

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseBenchArgs(args);
  checkFiguresFile(parsed.json);
  const startedAtMs = systemClock.now();
  const progress = (line: string) => console.log(line);
  const { figures, notes, profile = "" } = await parsed.benchmark.run({ ...parsed, progress });
  const report = figureReport(`bench ${parsed.name}`, startedAtMs, figures, notes);
  if (profile !== "") console.log(`\n${profile}`);
  console.log(`\n${figureTable(report)}`);
  writeFigures(parsed.json, report);
  return allHold(report) ? 0 : 1;
}

/** What the words and flags ask for; anything that cannot be had is a `UsageError`. */
export function parseBenchArgs(args: readonly string[]) {
  const { flags, words } = wordsAndFlagsOf(args, {
    quick: "boolean",
    profile: "boolean",
    json: "string",
    seconds: "string",
    rounds: "string",
    connections: "string",
    orders: "string",
  });
  const [name = "none", ...others] = words;
  const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (others.length > 0 || benchmark === undefined) {
    const known = new Intl.ListFormat("en", { type: "disjunction" }).format(Object.keys(BENCHMARKS));
    throw new UsageError(`bench: name one benchmark, ${known}, not ${[name, ...others].join(" ")} (see bench --help)`);
  }
  const quick = flags.quick === true;
  const { seconds, quickSeconds, rounds, orders, quickOrders } = benchmark;
  if (seconds === undefined && flags.seconds !== undefined)
    throw new UsageError(`bench ${name} has no turns of a length: leave --seconds out`);
  if (orders === undefined && flags.orders !== undefined)
    throw new UsageError(`bench ${name} stores no orders: --orders is for growth`);
  return {
    name,
    benchmark,
    seconds: wholeNumber("seconds", flags.seconds, { preset: (quick ? quickSeconds : seconds) ?? 0, most: 600 }),
    rounds: wholeNumber("rounds", flags.rounds, { preset: quick ? 1 : rounds, most: 200 }),
    connections: wholeNumber("connections", flags.connections, { preset: 128, most: 1024 }),
    orders: wholeNumber("orders", flags.orders, { preset: (quick ? quickOrders : orders) ?? 0, most: 100_000_000 }),
    profile: flags.profile === true,
    json: flags.json,
  };
}
