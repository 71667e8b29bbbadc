import { systemStopwatch } from "../clock.ts";
import { edgeAsks } from "../edge/asks.ts";
import type { ModuleFacts } from "../module.ts";
import { callersOf } from "../registry.ts";
import type { Breakers } from "../rpc/circuit-breaker.ts";
import { declareAskedMethods } from "../rpc/measure-rpc.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { breakerOpen } from "../telemetry/metrics/catalogue.ts";
import { type CollectedMetrics, createMetrics, type Metrics } from "../telemetry/metrics/metrics.ts";
import { watchProcess } from "../telemetry/metrics/process-metrics.ts";

/** A scraper waits 10 s by default, an exporter some seconds. */
const OBSERVE_TIMEOUT_MS = 1_000;

export interface OpenedMetrics {
  readonly metrics: CollectedMetrics;
  stop(): void;
}

/** The metrics of this process; the parts of it add their own. */
export function openMetrics(registry: readonly ModuleFacts[]): OpenedMetrics {
  const metrics = createMetrics({ stopwatch: systemStopwatch, scheduler, observeTimeoutMs: OBSERVE_TIMEOUT_MS });
  declareAskedMethods(metrics, [...callersOf(registry, edgeAsks).keys()]);
  const stop = watchProcess({ metrics, scheduler, residentBytes: () => process.memoryUsage.rss() });
  return { metrics, stop };
}

/** Tells whoever asks which modules are not called now. */
export function observeBreakers(metrics: Metrics, breakers: Breakers, modules: readonly string[]): void {
  const gauge = metrics.gauge(breakerOpen, { callee: modules });
  const series = modules.map((callee) => ({ callee, series: gauge.series({ callee }) }));
  metrics.observe(() => series.map(({ callee, series: of }) => ({ series: of, value: breakers(callee).open ? 1 : 0 })));
}
