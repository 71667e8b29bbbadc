import { expect, test } from "bun:test";
import { type HopRound, hopFigures } from "./hop-figures.ts";

const times = (p50Ms: number) => ({ p50Ms, p99Ms: 10 * p50Ms });
const round = (kafka: number, bareKafka: number, inprocess = 0.004, call = 0.002): HopRound => ({
  kafka: times(kafka),
  bareKafka: times(bareKafka),
  inprocess: times(inprocess),
  call: times(call),
});

test("ratios of p50 are taken within a round; p50 and p99 of each side are told", () => {
  const rounds = [round(3, 2), round(9, 3), round(2, 2, 0.006)];
  expect(Object.fromEntries(hopFigures(rounds).map(({ name, value }) => [name, value]))).toEqual({
    "hop.kafkaOverBare": 1.5,
    "hop.kafkaOverBareLowest": 1,
    "hop.kafkaOverBareHighest": 3,
    "hop.kafkaMs": 3,
    "hop.kafkaP99Ms": 30,
    "hop.kafkaBareMs": 2,
    "hop.kafkaBareP99Ms": 20,
    "hop.inprocessMs": 0.004,
    "hop.inprocessP99Ms": 0.04,
    "hop.callMs": 0.002,
    "hop.callP99Ms": 0.02,
    "hop.inprocessOverCall": 2,
  });
});
