import { systemScheduler as scheduler } from "../../../scheduler.ts";

const POLL_MS = 20;
const ANSWER_WITHIN_MS = 1_000;

/** Resolves with the URL when the process there says that it takes requests; never when it ends before. */
export async function untilHealthy(url: string, ended: Promise<unknown>): Promise<string> {
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!(await isHealthy(url))) {
    if (isOver) return new Promise(() => undefined);
    await scheduler.sleep(POLL_MS);
  }
  return url;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    // It is on this machine, to which the environment's proxy has no way.
    const direct = { proxy: false, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) } as const;
    return (await fetch(`${url}/health/ready`, direct)).status === 200;
  } catch {
    return false;
  }
}
