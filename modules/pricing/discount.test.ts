import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { percentOf, spread } from "./discount.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const amount = fc.oneof(fc.nat(20), fc.nat(1_000_000), fc.integer({ min: 2 ** 40, max: MAX }));

describe("a percentage", () => {
  test.each([
    [0, 10, 0],
    [4, 10, 0],
    [5, 10, 1],
    [14, 10, 1],
    [15, 10, 2],
    [3780, 10, 378],
    [1, 50, 1],
    [1, 49, 0],
    [149, 1, 1],
    [150, 1, 2],
    [999, 100, 999],
    [MAX, 100, MAX],
    [MAX, 50, 2 ** 52],
  ])("of %d by %d is %d, half up", (whole, percent, expected) => {
    expect(percentOf(whole, percent)).toBe(expected);
  });

  test("is never off by more than half a unit, nor more than the whole", () => {
    verify(
      fc.property(amount, fc.integer({ min: 1, max: 100 }), (whole, percent) => {
        const part = percentOf(whole, percent);
        const offBy = BigInt(part) * 100n - BigInt(whole) * BigInt(percent);
        expect(offBy > -50n && offBy <= 50n).toBe(true);
        expect(part).toBeLessThanOrEqual(whole);
      }),
    );
  });
});

describe("an amount is spread", () => {
  test.each([
    [10, [100], [10]],
    [0, [5, 5], [0, 0]],
    [0, [0, 0], [0, 0]],
    [1, [1, 1], [1, 0]],
    [2, [1, 1, 1], [1, 1, 0]],
    [10, [1, 1, 1], null],
    [100, [333, 333, 334], [33, 33, 34]],
    [5, [10, 0, 10], [3, 0, 2]],
    [7, [1, 2, 4], [1, 2, 4]],
    [378, [1890, 1890], [189, 189]],
    [3, [1, 1000, 1], [0, 3, 0]],
    // The remainders of 10 · 1/6, 10 · 2/6 and 10 · 3/6 are 4/6, 2/6 and 0.
    [10, [100, 200, 300], [2, 3, 5]],
    [MAX, [MAX - 1, 1], [MAX - 1, 1]],
  ] as const)("%d over %p is %p", (whole, weights, expected) => {
    if (expected === null) expect(() => spread(whole, weights)).toThrow("cannot be spread");
    else expect(spread(whole, weights)).toEqual([...expected]);
  });

  test("to the unit, with no part more than a unit from its due or above its weight, larger remainders first", () => {
    const weights = fc
      .array(fc.oneof(fc.nat(5), fc.nat(100_000), fc.constant(0)), { minLength: 1, maxLength: 8 })
      .chain((list) => fc.tuple(fc.constant(list), fc.nat(list.reduce((sum, each) => sum + each, 0))));
    verify(
      fc.property(weights, ([list, whole]) => {
        const parts = spread(whole, list);
        const total = list.reduce((sum, each) => sum + each, 0);
        expect(parts.reduce((sum, each) => sum + each, 0)).toBe(whole);
        const rounded = parts.map((part, index) => {
          const due = whole * (list[index] ?? 0);
          const floor = total === 0 ? 0 : Math.floor(due / total);
          expect([floor, floor + 1]).toContain(part);
          expect(part).toBeLessThanOrEqual(list[index] ?? 0);
          return { up: part > floor, remainder: total === 0 ? 0 : due % total, index };
        });
        for (const up of rounded.filter((each) => each.up))
          for (const down of rounded.filter((each) => !each.up))
            expect(up.remainder > down.remainder || (up.remainder === down.remainder && up.index < down.index)).toBe(
              true,
            );
      }),
      500,
    );
  });
});
