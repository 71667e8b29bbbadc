import { expect, test } from "bun:test";
import type { Scheduler } from "../../scheduler.ts";
import { metricsBench } from "./metrics.fixture.ts";
import { watchProcess } from "./process-metrics.ts";

/** A scheduler whose one waiting task is run by hand. */
function handScheduler() {
  let task: (() => void) | undefined;
  const scheduler: Pick<Scheduler, "after"> = {
    after(delayMs, next) {
      expect(delayMs).toBe(500);
      task = next;
      return () => {
        task = undefined;
      };
    },
  };
  const fire = () => {
    const due = task;
    task = undefined;
    due?.();
    return due !== undefined;
  };
  // Nothing else of it is used.
  return { scheduler: scheduler as Scheduler, fire };
}

test("how late a timer fires is recorded, again and again until it is stopped; memory is read when asked", async () => {
  const { metrics, pass, samples } = metricsBench();
  const { scheduler, fire } = handScheduler();
  let resident = 1000;
  const stop = watchProcess({ metrics, scheduler, residentBytes: () => resident });
  pass(0.5);
  expect(fire()).toBe(true);
  pass(2.5);
  expect(fire()).toBe(true);
  resident = 2000;
  const lines = await samples();
  expect(lines).toContain("process_eventloop_delay_seconds_count 2");
  expect(lines).toContain("process_eventloop_delay_seconds_sum 2");
  expect(lines).toContain('process_eventloop_delay_seconds_bucket{le="1"} 1');
  expect(lines).toContain("process_memory_usage_bytes 2000");
  stop();
  expect(fire()).toBe(false);
});
