import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { taxOn } from "./tax.ts";

const rates = (inclusive: boolean, standard: number) => ({ inclusive, rates: { standard, reduced: 1, zero: 0 } });

describe("tax", () => {
  test.each([
    ["on top: 8 % of 18.90", false, 800, 1890, 151],
    ["on top: half up", false, 500, 10, 1],
    ["on top: below a half", false, 500, 9, 0],
    ["on top: nothing", false, 0, 1890, 0],
    ["on top: as much again", false, 10_000, 7, 7],
    ["contained: 5 % in NT$599", true, 500, 599_00, 28_52],
    ["contained: 5 % in 1.05", true, 500, 105, 5],
    ["contained: half up, 10 % in 1.11 is 10.09", true, 1_000, 111, 10],
    ["contained: exactly a half goes up", true, 10_000, 1, 1],
    ["contained: below a half", true, 500, 10, 0],
    ["of nothing", true, 500, 0, 0],
    ["on top of the greatest amount", false, 10_000, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["in the greatest amount", true, 10_000, Number.MAX_SAFE_INTEGER, 2 ** 52],
  ])("%s", (_what, inclusive, rate, amount, tax) => {
    expect(taxOn(amount, "standard", rates(inclusive, rate))).toBe(tax);
  });

  test("is by class", () => {
    const byClass = { inclusive: false, rates: { standard: 2_000, reduced: 500, zero: 0 } };
    expect((["standard", "reduced", "zero"] as const).map((each) => taxOn(1_000, each, byClass))).toEqual([200, 50, 0]);
  });

  test("is off by half a unit at most, grows with its amount, and is never more than it", () => {
    const amount = fc.oneof(fc.nat(1_000), fc.nat(Number.MAX_SAFE_INTEGER - 1));
    verify(
      fc.property(amount, fc.nat(10_000), fc.boolean(), (whole, rate, inclusive) => {
        const tax = taxOn(whole, "standard", rates(inclusive, rate));
        const divisor = BigInt(inclusive ? 10_000 + rate : 10_000);
        const twiceOffBy = 2n * (BigInt(tax) * divisor - BigInt(whole) * BigInt(rate));
        expect(twiceOffBy > -divisor && twiceOffBy <= divisor).toBe(true);
        expect(tax).toBeLessThanOrEqual(whole);
        expect(taxOn(whole + 1, "standard", rates(inclusive, rate))).toBeGreaterThanOrEqual(tax);
      }),
    );
  });
});
