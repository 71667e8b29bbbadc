import type { Log } from "../log.ts";
import type { Measure, Measures } from "../telemetry/metrics/measure.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";

/** How an aggregate was, and how a decision left it. */
export interface Change<State> {
  readonly before: State | undefined;
  readonly after: State;
}

/**
 * Records what committed decisions mean for the module's own metrics. A bug in what measures is reported, and harms
 * nothing else. What a crash repeats is committed once and so counted once; a commit whose answer was lost, and that is
 * found done later, is not counted.
 */
export function createMeasureRecorder<State>(
  { declared, of }: Measures<State>,
  deps: { readonly module: string; readonly metrics: Metrics; readonly log: Log },
): (changes: readonly Change<State>[]) => void {
  const recorders = new Map(declared.map((measure) => [measure, recorderOf(measure, deps.metrics)]));
  return (changes) => {
    try {
      for (const { before, after } of changes)
        for (const measurement of of(before, after)) recorders.get(measurement.of)?.(measurement.value);
    } catch (error) {
      deps.log("error", "measure.failed", { module: deps.module, error: String(error) });
    }
  };
}

function recorderOf({ metric, labels }: Measure, metrics: Metrics): (value: number) => void {
  const values = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, [value]]));
  return metric.kind === "counter"
    ? metrics.counter(metric, values).series(labels).add
    : metrics.histogram(metric, values).series(labels).record;
}
