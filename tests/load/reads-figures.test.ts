import { expect, test } from "bun:test";
import { type MeasuredReads, type ReadsRound, readsFigures } from "./reads-figures.ts";

const measured = (perSecond: number, change: Partial<MeasuredReads> = {}): MeasuredReads => ({
  perSecond,
  p50Ms: 2,
  p99Ms: 9,
  appCpuMs: 0.1,
  databaseCpuMs: 0.05,
  generatorCpuMs: 0.02,
  ...change,
});
const round = (platform: number, bare: number): ReadsRound => ({
  platform: measured(platform),
  bare: measured(bare, { appCpuMs: 0.06, p50Ms: 1 }),
});
const valueIn = (rounds: readonly ReadsRound[]) =>
  Object.fromEntries(readsFigures(rounds).map(({ name, value }) => [name, value]));

test("the ratio is taken within each round; its median, lowest and highest are told", () => {
  const rounds = [round(600, 1000), round(9000, 10_000), round(1600, 2000)];
  expect(valueIn(rounds)).toMatchObject({
    "reads.overBare": 0.8,
    "reads.overBareLowest": 0.6,
    "reads.overBareHighest": 0.9,
    "reads.perSecond": 1600,
    "reads.barePerSecond": 2000,
  });
  expect(readsFigures(rounds)[0]).toMatchObject({ wanted: ">= 0.7", holds: true });
  expect(readsFigures([round(690, 1000)])[0]?.holds).toBe(false);
});

test("CPU is the application's and the database's; both sides have theirs", () => {
  expect(valueIn([round(1, 1)])).toMatchObject({
    "reads.cpuMs": 0.15,
    "reads.cpuMsApp": 0.1,
    "reads.bareCpuMs": 0.11,
    "reads.p50Ms": 2,
    "reads.bareP50Ms": 1,
    "reads.bareP99Ms": 9,
    "reads.cpuMsGenerator": 0.02,
  });
});
