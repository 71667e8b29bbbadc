/** Metrics on a clock that stands still, whose observers are waited for a short while. */
import { systemScheduler as scheduler } from "../../scheduler.ts";
import { type CollectedMetrics, createMetrics } from "./metrics.ts";
import { prometheusText } from "./prometheus.ts";

export interface MetricsBench {
  readonly metrics: CollectedMetrics;
  /** The stopwatch goes on. */
  pass(seconds: number): void;
  /** The samples of a scrape, a line each, without what is said about them. */
  samples(): Promise<readonly string[]>;
}

export function metricsBench(observeTimeoutMs = 200): MetricsBench {
  let now = 1000;
  const metrics = createMetrics({ stopwatch: { seconds: () => now }, scheduler, observeTimeoutMs });
  return {
    metrics,
    pass(seconds) {
      now += seconds;
    },
    async samples() {
      const text = prometheusText(await metrics.collect());
      return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    },
  };
}
