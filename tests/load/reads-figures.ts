/** The figures of `bench reads`, from what its rounds measured. */
import { atLeast, type Figure, stated } from "../../runtime/cli/figures.ts";
import { median } from "./latency.ts";

export interface MeasuredReads {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU ms a request. */
  readonly appCpuMs: number;
  readonly databaseCpuMs: number;
  readonly generatorCpuMs: number;
}

export interface ReadsRound {
  readonly bare: MeasuredReads;
  readonly platform: MeasuredReads;
}

export const overBare = ({ bare, platform }: ReadsRound) => platform.perSecond / bare.perSecond;
export const cpuMsOf = ({ appCpuMs, databaseCpuMs }: MeasuredReads) => appCpuMs + databaseCpuMs;

/** Ratios are taken within a round, and the median of the rounds is the figure. */
export function readsFigures(rounds: readonly ReadsRound[]): Figure[] {
  const ratios = rounds.map(overBare);
  const of = (side: keyof ReadsRound, read: (measured: MeasuredReads) => number) =>
    median(rounds.map((round) => read(round[side])));
  return [
    atLeast("reads.overBare", median(ratios), "x", 0.7),
    stated("reads.overBareLowest", Math.min(...ratios), "x"),
    stated("reads.overBareHighest", Math.max(...ratios), "x"),
    ...(["platform", "bare"] as const).flatMap((side) => {
      const figure = (name: string, read: (measured: MeasuredReads) => number, unit: string) =>
        stated(
          side === "bare" ? `reads.bare${name.charAt(0).toUpperCase()}${name.slice(1)}` : `reads.${name}`,
          of(side, read),
          unit,
        );
      return [
        figure("perSecond", ({ perSecond }) => perSecond, "requests/s"),
        figure("cpuMs", cpuMsOf, "ms/request"),
        figure("cpuMsApp", ({ appCpuMs }) => appCpuMs, "ms/request"),
        figure("cpuMsDatabase", ({ databaseCpuMs }) => databaseCpuMs, "ms/request"),
        figure("p50Ms", ({ p50Ms }) => p50Ms, "ms"),
        figure("p99Ms", ({ p99Ms }) => p99Ms, "ms"),
      ];
    }),
    stated(
      "reads.cpuMsGenerator",
      of("platform", ({ generatorCpuMs }) => generatorCpuMs),
      "ms/request",
    ),
  ];
}
