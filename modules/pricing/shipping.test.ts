import { describe, expect, test } from "bun:test";
import { shippingFor, whyNotBands } from "./shipping.ts";

const open = [
  { upToGrams: 500, amount: 5 },
  { upToGrams: 2_000, amount: 8 },
  { upToGrams: null, amount: 20 },
];

describe("shipping", () => {
  test.each([
    [0, 5],
    [500, 5],
    [501, 8],
    [2_000, 8],
    [2_001, 20],
    [9_999_999, 20],
  ])("of %d g costs %d", (grams, amount) => expect(shippingFor(open, grams)).toBe(amount));

  test("is not to be had over the last band", () => {
    const closed = open.slice(0, 2);
    expect(shippingFor(closed, 2_000)).toBe(8);
    expect(shippingFor(closed, 2_001)).toBeUndefined();
  });
});

test.each([
  ["as they should be", [500, 2_000, null], undefined],
  ["one for any weight", [null], undefined],
  ["for what weighs nothing", [0, 1], undefined],
  ["one twice", [500, 500], "must go from the lightest"],
  ["from the heaviest", [500, 400], "must go from the lightest"],
  ["one after any weight", [null, 500], "must end with"],
  ["any weight twice", [null, null], "must end with"],
])("bands: %s", (_what, limits, why) => {
  const found = whyNotBands(limits.map((upToGrams) => ({ upToGrams, amount: 1 })));
  if (why === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(why);
});
