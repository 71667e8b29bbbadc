import type { Scheduler } from "../../scheduler.ts";

/** Resolves when `work` has ended, well or not, and at the latest after `withinMs`; it then ends unheard. */
export async function atMost(scheduler: Scheduler, withinMs: number, work: Promise<unknown>): Promise<void> {
  let cancel: () => void = () => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = scheduler.after(withinMs, resolve);
  });
  await Promise.race([work, late]).catch(() => undefined);
  cancel();
}
