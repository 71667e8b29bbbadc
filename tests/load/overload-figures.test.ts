import { expect, test } from "bun:test";
import { type MeasuredOverload, type OverloadRound, overloadFigures } from "./overload-figures.ts";

const times = (p99Ms: number, count: number) => ({ count, p50Ms: 1, p90Ms: 1, p99Ms, maxMs: p99Ms });
const overload = (
  completedPerSecond: number,
  rejectP99Ms: number,
  counts = { sent: 100, confirmed: 40, rejected: 60 },
): MeasuredOverload => ({
  completedPerSecond,
  load: { sent: counts.sent, confirmed: counts.confirmed, rejected: times(rejectP99Ms, counts.rejected) },
});
const round = (change: Partial<OverloadRound>): OverloadRound => ({
  peakBefore5x: { completedPerSecond: 1_000 },
  peakBefore10x: { completedPerSecond: 2_000 },
  at5x: overload(950, 10),
  at10x: overload(1_700, 20),
  afterBurst: { completedPerSecond: 1_980 },
  offered5x: 5_000,
  offered10x: 19_000,
  ...change,
});
const figuresOf = (...rounds: OverloadRound[]) => {
  const figures = overloadFigures(rounds, { readP99Ms: 7, failed: 0 }, { before: 100, peak: 250 });
  return Object.fromEntries(figures.map(({ name, value, holds }) => [name, [value, holds]]));
};

test("each overload is a ratio of the peak just before it", () => {
  expect(figuresOf(round({}))).toEqual({
    "overload.goodput5x": [0.95, true],
    "overload.goodput10x": [0.85, true],
    "overload.rejectP99Ms": [20, true],
    "overload.recoveredShare": [0.99, true],
    "overload.unanswered": [0, true],
    "overload.readsFailed": [0, true],
    "overload.readP99Ms": [7, undefined],
    "overload.peakResidentMb": [250, undefined],
    "overload.residentMbBefore": [100, undefined],
    "overload.peakPerSecond": [1_500, undefined],
    "overload.offered5x": [5, undefined],
    "overload.offered10x": [9.5, undefined],
  });
});

test("of several rounds ratios are the median, and what should be low is the worst", () => {
  const lost = overload(1_700, 60, { sent: 100, confirmed: 40, rejected: 59 });
  const figures = figuresOf(round({}), round({ at5x: overload(500, 10), at10x: lost }), round({}));
  expect(figures["overload.goodput5x"]).toEqual([0.95, true]);
  expect(figures["overload.rejectP99Ms"]).toEqual([60, false]);
  expect(figures["overload.unanswered"]).toEqual([1, false]);
});
