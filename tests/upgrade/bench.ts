/** `bench rolling` and `bench shutdown`: processes that come and go under load, as figures. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import type { Benchmark, BenchmarkOptions } from "../load/benchmark.ts";
import { previousRelease } from "./previous.ts";
import { roll } from "./rolling.ts";
import { shutDownReplicas } from "./shutdown.ts";
import type { Outcome } from "./under-load.ts";

const EXIT_LIMIT_MS = 10_000;
/** Few enough that a machine of two cores is never short of time: an overload would be answered 503, rightly. */
const BUYERS = 8;

type Options = Pick<BenchmarkOptions, "rounds" | "progress">;

/** Everything it started has ended when it resolves or rejects. */
export async function benchRolling({ rounds, progress }: Options): Promise<Benchmark> {
  const seed = drawnSeed();
  const rolled = await roll({ rounds, seed, buyers: BUYERS, progress });
  const { version, revision } = previousRelease();
  const exitsMs = rolled.replacements.map(({ exitMs }) => exitMs);
  return {
    figures: [
      ...figuresOf("rolling", rolled, exitsMs),
      stated("rolling.rounds", rounds, "rounds"),
      stated("rolling.replacements", exitsMs.length, "processes"),
    ],
    notes: [
      ...notesOf(rolled, seed),
      `between ${version} (${revision.slice(0, 12)}) and this checkout, six processes over Kafka; a round replaces all six, forward and back in turns`,
    ],
  };
}

/** Everything it started has ended when it resolves or rejects. */
export async function benchShutdown({ rounds, progress }: Options): Promise<Benchmark> {
  const seed = drawnSeed();
  const told = await shutDownReplicas({ rounds, seed, buyers: BUYERS, progress });
  return {
    figures: [...figuresOf("shutdown", told, told.exitsMs), stated("shutdown.times", told.exitsMs.length, "times")],
    notes: [...notesOf(told, seed), "two replicas of the whole platform on one PostgreSQL; SIGTERM of one, in turns"],
  };
}

const drawnSeed = () => Math.floor(Date.now() / 1000) % 2 ** 31;

function figuresOf(name: string, outcome: Outcome, exitsMs: readonly number[]): Figure[] {
  const { failedRequests, violations, requests, orders } = outcome;
  return [
    atMost(`${name}.failedRequests`, failedRequests, "requests", 0),
    atMost(`${name}.violations`, violations.length, "violations", 0),
    atMost(`${name}.exitMs`, Math.max(0, ...exitsMs), "ms", EXIT_LIMIT_MS),
    stated(`${name}.requests`, requests, "requests"),
    stated(`${name}.orders`, orders, "orders"),
  ];
}

const notesOf = ({ violations, outcomes }: Outcome, seed: number) => [
  ...violations.map((each) => `VIOLATION ${each}`),
  `seed ${seed}, ${BUYERS} buyers; orders ended as: ${Object.entries(outcomes)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ")}`,
];
