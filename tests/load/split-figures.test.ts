import { expect, test } from "bun:test";
import { cpuOverSingle, floorMsOf, type MeasuredLoad, type SplitRound, splitFigures } from "./split-figures.ts";

const load = (appCpuMs: number, databaseCpuMs: number, completedPerSecond = 100): MeasuredLoad => ({
  appCpuMs,
  databaseCpuMs,
  completedPerSecond,
  generatorCpuMs: 0.3,
  cpuMsByProcess: { order: appCpuMs, broker: 2, redis: 0.1 },
});
const round = (different: Partial<SplitRound> = {}): SplitRound => ({
  single: load(0.6, 0.4, 400),
  split: load(1.6, 0.4, 100),
  singleConfirmMs: 5,
  splitConfirmMs: 12,
  commitMs: 0.5,
  handleMs: 2,
  ...different,
});
const low = { ratePerSecond: 300, single: load(1, 1), split: load(2, 1) };

test("the broker is in no ratio; the floor is four messages and seven commits", () => {
  expect(cpuOverSingle(round())).toBeCloseTo(2, 10);
  expect(floorMsOf(round())).toBeCloseTo(4 * 2 + 7 * 0.5, 10);
});

test("ratios are taken within a round, and the median of the rounds is judged", () => {
  const rounds = [
    round(),
    round({ split: load(3, 1), splitConfirmMs: 46 }),
    // The machine was slow for both of them, which is no worse.
    round({ single: load(6, 4), split: load(16, 4), splitConfirmMs: 120, commitMs: 5, handleMs: 20 }),
  ];
  const figures = new Map(splitFigures(rounds, low, ["broker", "redis"]).map((figure) => [figure.name, figure]));
  expect(figures.get("split.cpuOverSingle")).toEqual({
    name: "split.cpuOverSingle",
    value: 2,
    unit: "x",
    wanted: "<= 2.5",
    holds: true,
  });
  expect(figures.get("split.confirmOverFloor")).toMatchObject({ value: 1.043, wanted: "<= 1.5", holds: true });
  expect(figures.get("split.completedOverSingle")?.value).toBe(0.25);
  expect(figures.get("split.cpuMsBroker")?.value).toBe(2);
  expect(figures.get("split.cpuMsRedis")?.value).toBe(0.1);
  expect(figures.get("split.cpuOverSingleAt300")?.value).toBe(1.5);
});

test("a figure beyond its bound does not hold, and one that could not be measured does not either", () => {
  const judged = (one: SplitRound) =>
    splitFigures([one], low, []).flatMap(({ name, holds }) => (holds === undefined ? [] : [[name, holds]]));
  expect(judged(round({ split: load(2.5, 0.4), splitConfirmMs: 18 }))).toEqual([
    ["split.cpuOverSingle", false],
    ["split.confirmOverFloor", false],
  ]);
  expect(judged(round({ split: load(Number.NaN, 0.4) }))).toContainEqual(["split.cpuOverSingle", false]);
});
