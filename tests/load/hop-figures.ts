/** The figures of `bench hop`, from what its rounds measured. */
import { type Figure, stated } from "../../runtime/cli/figures.ts";
import { type Latency, median } from "./latency.ts";

type Times = Pick<Latency, "p50Ms" | "p99Ms">;

export interface HopRound {
  readonly call: Times;
  readonly inprocess: Times;
  readonly bareKafka: Times;
  readonly kafka: Times;
}

export const kafkaOverBare = ({ kafka, bareKafka }: HopRound) => kafka.p50Ms / bareKafka.p50Ms;

/** Ratios of p50 are taken within a round, and the median of the rounds is the figure. */
export function hopFigures(rounds: readonly HopRound[]): Figure[] {
  const of = (read: (round: HopRound) => number) => median(rounds.map(read));
  const ratios = rounds.map(kafkaOverBare);
  const times = (name: string, read: (round: HopRound) => Times) => [
    stated(
      `hop.${name}Ms`,
      of((round) => read(round).p50Ms),
      "ms",
    ),
    stated(
      `hop.${name}P99Ms`,
      of((round) => read(round).p99Ms),
      "ms",
    ),
  ];
  return [
    stated("hop.kafkaOverBare", median(ratios), "x"),
    stated("hop.kafkaOverBareLowest", Math.min(...ratios), "x"),
    stated("hop.kafkaOverBareHighest", Math.max(...ratios), "x"),
    ...times("kafka", ({ kafka }) => kafka),
    ...times("kafkaBare", ({ bareKafka }) => bareKafka),
    ...times("inprocess", ({ inprocess }) => inprocess),
    ...times("call", ({ call }) => call),
    stated(
      "hop.inprocessOverCall",
      of(({ inprocess, call }) => inprocess.p50Ms / call.p50Ms),
      "x",
    ),
  ];
}
