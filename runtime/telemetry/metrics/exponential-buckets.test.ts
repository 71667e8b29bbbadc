import { expect, test } from "bun:test";
import fc from "fast-check";
import { BUCKETS, bucketOf, bucketsUpTo, FIRST_INDEX, SCALE } from "./exponential-buckets.ts";

const edge = (index: number) => 2 ** (index / 2 ** SCALE);
const LOWEST = edge(FIRST_INDEX);
const HIGHEST = edge(FIRST_INDEX + BUCKETS);

test("the window reaches from some 1e-5 s to some 6 minutes, in no more buckets than CloudWatch takes values", () => {
  expect(BUCKETS).toBe(100);
  expect(LOWEST).toBeCloseTo(1.08e-5, 7);
  expect(HIGHEST).toBeCloseTo(362, 0);
});

test("a value lies in its bucket: above its lower edge, at most its upper one, and at most 9 % from its middle", () => {
  fc.assert(
    fc.property(fc.double({ min: LOWEST * 1.001, max: HIGHEST, noNaN: true }), (value) => {
      const index = bucketOf(value) + FIRST_INDEX;
      const rounding = 1 + 1e-12;
      expect(value).toBeGreaterThan(edge(index) / rounding);
      expect(value).toBeLessThanOrEqual(edge(index + 1) * rounding);
      const middle = Math.sqrt(edge(index) * edge(index + 1));
      expect(Math.abs(middle - value) / value).toBeLessThan(0.0906);
    }),
  );
});

test("a power of two is the last of its bucket", () => {
  for (let power = -16; power <= 8; power++) {
    expect(bucketOf(2 ** power)).toBe(bucketsUpTo(power) - 1);
    expect(bucketOf(2 ** power * 1.0001)).toBe(bucketsUpTo(power));
  }
});

test("what is outside of the window counts in its ends", () => {
  for (const value of [0, 1e-300, 1e-9, LOWEST]) expect(bucketOf(value)).toBe(0);
  for (const value of [HIGHEST, 1e6, Number.MAX_VALUE]) expect(bucketOf(value)).toBe(BUCKETS - 1);
});
