import { fraction, type Random } from "./random.ts";

/** Pauses between attempts: each about twice as long as the one before, with chance, so that a crowd spreads out. */
export interface Backoff {
  nextMs(): number;
  /** It worked: the next pause is a short one again. */
  reset(): void;
}

/** Pauses are from half of their full length to all of it; the first one's is `firstMs`, the longest one's `mostMs`. */
export function createBackoff(random: Random, { firstMs, mostMs }: { firstMs: number; mostMs: number }): Backoff {
  let attempts = 0;
  return {
    nextMs() {
      const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(20, attempts++));
      return (fullMs / 2) * (1 + fraction(random));
    },
    reset() {
      attempts = 0;
    },
  };
}
