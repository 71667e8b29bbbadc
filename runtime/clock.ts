/** Tells the time. The only place in the product that may ask the machine for it is `systemClock`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The same with fractions, for what lasts less than a millisecond. It follows the machine's clock when that is set. */
export function createFineClock(): Clock {
  let originMs = performance.timeOrigin;
  return {
    now() {
      const nowMs = originMs + performance.now();
      const driftMs = Date.now() - nowMs;
      if (Math.abs(driftMs) < MOST_DRIFT_MS) return nowMs;
      originMs += driftMs;
      return nowMs + driftMs;
    },
  };
}

const MOST_DRIFT_MS = 50;

export const systemClock: Clock = { now: () => Date.now() };

/** Measures how long something takes: it is never set back, and far finer than a clock. */
export interface Stopwatch {
  /** Only the difference of two readings means something. */
  seconds(): number;
}

export const systemStopwatch: Stopwatch = { seconds: () => performance.now() / 1000 };
