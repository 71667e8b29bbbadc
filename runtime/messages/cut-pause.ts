import type { Clock } from "../clock.ts";
import type { Scheduler } from "../scheduler.ts";

/** A pause between rounds that somebody can cut short. */
export interface CutPause {
  /** Resolves after `pauseMs`, or when it is cut. */
  wait(pauseMs: number): Promise<void>;
  /** Ends the pause. During a round the next pause is cut: that round may have passed over what this is about. */
  cut(): void;
}

/** However often it is cut, a pause lasts for `leastMs`. */
export function createCutPause(deps: {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly leastMs: number;
}): CutPause {
  const { clock, scheduler, leastMs } = deps;
  let isCut = false;
  let end: () => void = () => undefined;
  return {
    async wait(pauseMs) {
      const beganMs = clock.now();
      if (!isCut)
        await new Promise<void>((resolve) => {
          const cancel = scheduler.after(pauseMs, resolve);
          end = () => {
            cancel();
            resolve();
          };
        });
      const restMs = leastMs - Math.max(0, clock.now() - beganMs);
      if (isCut && restMs > 0) await scheduler.sleep(restMs);
      isCut = false;
    },
    cut() {
      isCut = true;
      end();
    },
  };
}
