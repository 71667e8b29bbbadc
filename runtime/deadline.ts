import type { Scheduler } from "./scheduler.ts";

/** Waits for `work` at most so long, then rejects with what `late` gives; what the work does later is swallowed. */
export async function within<T>(
  scheduler: Scheduler,
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  let cancel: () => void = () => undefined;
  const lateness = new Promise<never>((_resolve, reject) => {
    cancel = scheduler.after(timeoutMs, () => reject(late()));
  });
  try {
    return await Promise.race([work, lateness]);
  } finally {
    cancel();
  }
}

/** What `work` gives, or undefined where it fails or takes longer; it then ends unheard. */
export const atMost = <T>(scheduler: Scheduler, timeoutMs: number, work: Promise<T>): Promise<T | undefined> =>
  within(scheduler, timeoutMs, work, () => new Error("late")).catch(() => undefined);
