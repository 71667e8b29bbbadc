/** The figures of `bench split`, from what its rounds measured. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { median } from "./latency.ts";
import type { LoadWindow } from "./load-window.ts";

/** Of an order, until it is confirmed (docs/messages.md). */
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
  const ms = (name: string, read: (round: SplitRound) => number) => stated(`split.${name}`, of(read), "ms");
  const perOrder = (name: string, read: (load: MeasuredLoad) => number) =>
    stated(`split.${name}`, ofSplit(read), "ms/order");
  const completedOverSingle = of(({ single, split }) => split.completedPerSecond / single.completedPerSecond);
  return [
    atMost("split.cpuOverSingle", of(cpuOverSingle), "x", 2.5),
    atMost(
      "split.confirmOverFloor",
      of((round) => round.splitConfirmMs / floorMsOf(round)),
      "x",
      1.5,
    ),
    perOrder("cpuMs", cpuMsOf),
    perOrder("cpuMsApp", ({ appCpuMs }) => appCpuMs),
    perOrder("cpuMsDatabase", ({ databaseCpuMs }) => databaseCpuMs),
    ...besides.map((name) => perOrder(`cpuMs${capitalised(name)}`, (load) => load.cpuMsByProcess[name] ?? Number.NaN)),
    perOrder("cpuMsGenerator", ({ generatorCpuMs }) => generatorCpuMs),
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
    stated("split.completedOverSingle", completedOverSingle, "x"),
    ms("confirmMs", ({ splitConfirmMs }) => splitConfirmMs),
    ms("singleConfirmMs", ({ singleConfirmMs }) => singleConfirmMs),
    ms("floorMs", floorMsOf),
    ms("handleMs", ({ handleMs }) => handleMs),
    ms("commitMs", ({ commitMs }) => commitMs),
  ];
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
