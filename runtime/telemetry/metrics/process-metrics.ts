/** How the process itself is: its event loop and its memory. */
import type { Scheduler } from "../../scheduler.ts";
import { eventLoopDelay, residentMemory } from "./catalogue.ts";
import type { Metrics } from "./metrics.ts";

/** Seldom enough to cost nothing; what blocks the loop for long is met all the same. */
const LOOK_EVERY_MS = 500;

export interface ProcessMetricsDeps {
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
  readonly residentBytes: () => number;
}

/** Looks at both until the returned function is called. */
export function watchProcess({ metrics, scheduler, residentBytes }: ProcessMetricsDeps): () => void {
  const resident = metrics.gauge(residentMemory, {}).series({});
  metrics.observe(() => [{ series: resident, value: residentBytes() }]);

  const delay = metrics.histogram(eventLoopDelay, {}).series({});
  let cancel: () => void;
  const look = () => {
    const due = metrics.seconds() + LOOK_EVERY_MS / 1000;
    cancel = scheduler.after(LOOK_EVERY_MS, () => {
      delay.record(metrics.seconds() - due);
      look();
    });
  };
  look();
  return () => cancel();
}
