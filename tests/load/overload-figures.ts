/** The figures of `bench overload`, from what its rounds measured. */
import { atLeast, atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import type { LoadResult } from "./generator.ts";
import { median } from "./latency.ts";
import type { LoadWindow } from "./load-window.ts";

/** What of a window counts here. */
export type MeasuredOverload = Pick<LoadWindow, "completedPerSecond"> & {
  readonly load: Pick<LoadResult, "sent" | "confirmed" | "rejected">;
};

export interface OverloadRound {
  /** Just before each of the two. */
  readonly peakBefore5x: Pick<LoadWindow, "completedPerSecond">;
  readonly peakBefore10x: Pick<LoadWindow, "completedPerSecond">;
  readonly at5x: MeasuredOverload;
  readonly at10x: MeasuredOverload;
  /** Some seconds after ten times the peak. */
  readonly afterBurst: Pick<LoadWindow, "completedPerSecond">;
  readonly offered5x: number;
  readonly offered10x: number;
}

export interface Probes {
  readonly readP99Ms: number;
  readonly failed: number;
}

/** Ratios are taken within a round; the figure is the median of the rounds, and of what should be low the worst. */
export function overloadFigures(
  rounds: readonly OverloadRound[],
  probes: Probes,
  residentMb: { readonly before: number; readonly peak: number },
): Figure[] {
  const of = (read: (round: OverloadRound) => number) => median(rounds.map(read));
  const worst = (read: (round: OverloadRound) => number) => Math.max(...rounds.map(read));
  return [
    atLeast(
      "overload.goodput5x",
      of(({ at5x, peakBefore5x }) => at5x.completedPerSecond / peakBefore5x.completedPerSecond),
      "x",
      0.9,
    ),
    atLeast(
      "overload.goodput10x",
      of(({ at10x, peakBefore10x }) => at10x.completedPerSecond / peakBefore10x.completedPerSecond),
      "x",
      0.8,
    ),
    atMost(
      "overload.rejectP99Ms",
      worst(({ at5x, at10x }) => Math.max(at5x.load.rejected.p99Ms, at10x.load.rejected.p99Ms)),
      "ms",
      50,
    ),
    atLeast(
      "overload.recoveredShare",
      of(({ afterBurst, peakBefore10x }) => afterBurst.completedPerSecond / peakBefore10x.completedPerSecond),
      "x",
      0.95,
    ),
    atMost("overload.unanswered", worst(unanswered), "requests", 0),
    atMost("overload.readsFailed", probes.failed, "requests", 0),
    stated("overload.readP99Ms", probes.readP99Ms, "ms"),
    stated("overload.peakResidentMb", residentMb.peak, "MB"),
    stated("overload.residentMbBefore", residentMb.before, "MB"),
    stated(
      "overload.peakPerSecond",
      of(({ peakBefore5x, peakBefore10x }) => (peakBefore5x.completedPerSecond + peakBefore10x.completedPerSecond) / 2),
      "orders/s",
    ),
    stated(
      "overload.offered5x",
      of(({ offered5x, peakBefore5x }) => offered5x / peakBefore5x.completedPerSecond),
      "x",
    ),
    stated(
      "overload.offered10x",
      of(({ offered10x, peakBefore10x }) => offered10x / peakBefore10x.completedPerSecond),
      "x",
    ),
  ];
}

/** What was neither confirmed nor turned away in good order. */
const unanswered = ({ at5x, at10x }: OverloadRound) =>
  [at5x, at10x].reduce((sum, { load }) => sum + load.sent - load.confirmed - load.rejected.count, 0);
