import { expect, test } from "bun:test";
import { fraction, pick, seededRandom, systemRandom } from "./random.ts";

const draw = (seed: number, count: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.uint32());
};

test("a seed gives the same numbers for ever: recorded failing seeds depend on it", () => {
  expect(draw(1, 4)).toEqual(KNOWN);
  expect(draw(1, 100)).toEqual(draw(1, 100));
  expect(draw(2, 4)).not.toEqual(draw(1, 4));
});
const KNOWN = [2442144158, 3238099751, 3819917871, 2104621829];

test("numbers are whole, within 32 bits, and even over their range", () => {
  for (const random of [seededRandom(3), systemRandom()]) {
    const buckets = new Array<number>(8).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const value = random.uint32();
      expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true);
      const bucket = value >>> 29;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    expect(Math.min(...buckets)).toBeGreaterThan(1700);
    expect(Math.max(...buckets)).toBeLessThan(2300);
  }
});

test("pick and fraction stay below their bounds at the ends of the range", () => {
  const always = (value: number) => ({ uint32: () => value });
  expect([pick(always(0), 6), pick(always(2 ** 32 - 1), 6)]).toEqual([0, 5]);
  expect(fraction(always(0))).toBe(0);
  expect(fraction(always(2 ** 32 - 1))).toBeLessThan(1);
});
