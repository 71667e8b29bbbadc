/**
 * The buckets of every histogram: base 2 with four a doubling (OpenTelemetry's scale 2, an error of at most 9 %), in one
 * fixed window from 11 µs to 362 s. Nothing is ever rescaled, so that recording is one logarithm, counts of different
 * processes and times can be added, and a histogram has at most 100 buckets, which is what CloudWatch takes. What lies
 * outside of the window counts in its first or last bucket.
 */

export const SCALE = 2;
const PER_DOUBLING = 2 ** SCALE;

/** OpenTelemetry's index of the first bucket: bucket `i` holds what is above 2^(i/4) and at most 2^((i+1)/4). */
export const FIRST_INDEX = -66;
export const BUCKETS = 100;

/** The place in the window of the bucket that holds a value. */
export function bucketOf(value: number): number {
  const place = Math.ceil(Math.log2(value) * PER_DOUBLING) - 1 - FIRST_INDEX;
  // Zero, whose logarithm is no number to count with, is below all.
  if (!(place > 0)) return 0;
  return place < BUCKETS ? place : BUCKETS - 1;
}

/** How many of the window's buckets lie at or below 2^`power`, which is the edge of one. */
export const bucketsUpTo = (power: number) => power * PER_DOUBLING - FIRST_INDEX;
