/** The figures of `bench idle`, from what the processes used while nobody asked anything of them. */
import { atMost, type Figure, stated } from "../../runtime/cli/figures.ts";
import { median } from "./latency.ts";

export interface IdleWindow {
  readonly elapsedMs: number;
  /** CPU that each process has used in it. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/** What a process used of one core, in percent: the median of the windows. */
export const percentOf = (windows: readonly IdleWindow[], process: string) =>
  median(windows.map(({ elapsedMs, cpuMs }) => (100 * (cpuMs[process] ?? Number.NaN)) / elapsedMs));

/** The bound is for each process of the platform, so the busiest is judged; servers are stated apart. */
export function idleFigures(
  windows: readonly IdleWindow[],
  modules: readonly string[],
  servers: readonly string[],
): Figure[] {
  const percents = modules.map((module) => percentOf(windows, module));
  const sum = percents.reduce((total, percent) => total + percent, 0);
  return [
    atMost("idle.splitCpuPercent", Math.max(...percents), "% of a core", 1),
    stated("idle.splitCpuPercentMean", sum / percents.length, "% of a core"),
    ...modules.map((module, index) => stated(`idle.${module}CpuPercent`, percents[index] ?? Number.NaN, "% of a core")),
    ...servers.map((server) => stated(`idle.${server}CpuPercent`, percentOf(windows, server), "% of a core")),
  ];
}
