/** The figures of `bench split`, from what its rounds measured. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { median } from "./latency.ts";
import type { LoadWindow } from "./load-window.ts";

/** Of domain.md's order, until it is confirmed. */
const COMMITS_TO_CONFIRMED = 7;
const MESSAGES_TO_CONFIRMED = 4;

/** What of a window counts here. */
export type MeasuredLoad = Pick<
  LoadWindow,
  "completedPerSecond" | "appCpuMs" | "databaseCpuMs" | "generatorCpuMs" | "cpuMsByProcess"
>;

export interface SplitRound {
  readonly single: MeasuredLoad;
  readonly split: MeasuredLoad;
  /** p50 of POST → CONFIRMED with one client alone. */
  readonly singleConfirmMs: number;
  readonly splitConfirmMs: number;
  /** p50 of one durable commit, and of one message from publishing until it is handled, with nothing else going on. */
  readonly commitMs: number;
  readonly handleMs: number;
}

/** The same load at a low steady rate, where batches are small. */
export interface LowRate {
  readonly ratePerSecond: number;
  readonly single: MeasuredLoad;
  readonly split: MeasuredLoad;
}

export const cpuMsOf = ({ appCpuMs, databaseCpuMs }: MeasuredLoad) => appCpuMs + databaseCpuMs;
export const cpuOverSingle = ({ single, split }: Pick<SplitRound, "single" | "split">) =>
  cpuMsOf(split) / cpuMsOf(single);
export const floorMsOf = ({ commitMs, handleMs }: Pick<SplitRound, "commitMs" | "handleMs">) =>
  MESSAGES_TO_CONFIRMED * handleMs + COMMITS_TO_CONFIRMED * commitMs;

/** Ratios are taken within a round, and the median of the rounds is the figure. */
export function splitFigures(rounds: readonly SplitRound[], low: LowRate, besides: readonly string[]): Figure[] {
  const of = (read: (round: SplitRound) => number) => median(rounds.map(read));
  const ofSplit = (read: (load: MeasuredLoad) => number) => of(({ split }) => read(split));
  const confirmOverFloor = of((round) => round.splitConfirmMs / floorMsOf(round));
  return [
    atMost("split.cpuOverSingle", of(cpuOverSingle), "x", 2.5),
    atMost("split.confirmOverFloor", confirmOverFloor, "x", 1.5),
    stated("split.cpuMs", ofSplit(cpuMsOf), "ms/order"),
    stated(
      "split.cpuMsApp",
      ofSplit(({ appCpuMs }) => appCpuMs),
      "ms/order",
    ),
    stated(
      "split.cpuMsDatabase",
      ofSplit(({ databaseCpuMs }) => databaseCpuMs),
      "ms/order",
    ),
    ...besides.map((name) =>
      stated(
        `split.cpuMs${capitalised(name)}`,
        ofSplit(({ cpuMsByProcess }) => cpuMsByProcess[name] ?? Number.NaN),
        "ms/order",
      ),
    ),
    stated(
      "split.cpuMsGenerator",
      ofSplit(({ generatorCpuMs }) => generatorCpuMs),
      "ms/order",
    ),
    stated(
      "split.singleCpuMs",
      of(({ single }) => cpuMsOf(single)),
      "ms/order",
    ),
    stated(`split.cpuOverSingleAt${low.ratePerSecond}`, cpuOverSingle(low), "x"),
    stated(`split.cpuMsAt${low.ratePerSecond}`, cpuMsOf(low.split), "ms/order"),
    stated(
      "split.completedPerSecond",
      ofSplit(({ completedPerSecond }) => completedPerSecond),
      "orders/s",
    ),
    stated(
      "split.completedOverSingle",
      of(({ single, split }) => split.completedPerSecond / single.completedPerSecond),
      "x",
    ),
    stated(
      "split.confirmMs",
      of(({ splitConfirmMs }) => splitConfirmMs),
      "ms",
    ),
    stated(
      "split.singleConfirmMs",
      of(({ singleConfirmMs }) => singleConfirmMs),
      "ms",
    ),
    stated("split.floorMs", of(floorMsOf), "ms"),
    stated(
      "split.handleMs",
      of(({ handleMs }) => handleMs),
      "ms",
    ),
    stated(
      "split.commitMs",
      of(({ commitMs }) => commitMs),
      "ms",
    ),
  ];
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
