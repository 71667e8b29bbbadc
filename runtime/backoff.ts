import { fraction, type Random } from "./random.ts";

/** Pauses between attempts: each about twice as long as the one before, with chance, so that a crowd spreads out. */
export interface Backoff {
  nextMs(): number;
  /** It worked: the next pause is a short one again. */
  reset(): void;
}

interface Bounds {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The pause after so many failures in a row, from 1: each twice as long as the one before. A durable timer's. */
export const doubledPauseMs = (failures: number, { firstMs, mostMs }: Bounds): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(20, failures - 1));

/** Pauses are from half of their full length to all of it; the first one's is `firstMs`, the longest one's `mostMs`. */
export function createBackoff(random: Random, bounds: Bounds): Backoff {
  let failures = 0;
  return {
    nextMs() {
      const fullMs = doubledPauseMs(++failures, bounds);
      return (fullMs / 2) * (1 + fraction(random));
    },
    reset() {
      failures = 0;
    },
  };
}
