import type { Stopwatch } from "../clock.ts";

/** Says yes so many times a second, as many of them at once as there are; what a second leaves over is not saved. */
export function createAllowance(perSecond: number, stopwatch: Stopwatch): () => boolean {
  let left = perSecond;
  let atSeconds = stopwatch.seconds();
  return () => {
    const nowSeconds = stopwatch.seconds();
    left = Math.min(perSecond, left + (nowSeconds - atSeconds) * perSecond);
    atSeconds = nowSeconds;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
