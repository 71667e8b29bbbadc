import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { fixedOff, freeShipping, freeUnits, promotionOf } from "./promotion.fixture.ts";
import { type ActivePromotion, promote } from "./promotion.ts";

const NOW = 5_000;
type Line = readonly [sku: string, quantity: number, unitPrice: number];
const linesOf = (lines: readonly Line[]) =>
  lines.map(([sku, quantity, unitPrice]) => ({ sku, quantity, unitPrice, subtotal: quantity * unitPrice }));
const promoted = (lines: readonly Line[], promotions: readonly ActivePromotion[]) =>
  promote(linesOf(lines), promotions, "USD", NOW);

const usd = (amount: number) => ({ minimumSpend: { amount, currency: "USD" } });

describe("promotions take off", () => {
  test.each<[string, readonly Line[], readonly ActivePromotion[], readonly number[]]>([
    ["nothing where there are none", [["A", 1, 100]], [], [0]],
    [
      "a percentage a line, half up",
      [
        ["A", 3, 5],
        ["B", 1, 14],
      ],
      [promotionOf()],
      [2, 1],
    ],
    [
      "a percentage of the lines it is for",
      [
        ["A", 1, 100],
        ["B", 1, 100],
      ],
      [promotionOf({ skus: ["B"] })],
      [0, 10],
    ],
    ["each of what earlier ones left", [["A", 1, 100]], [promotionOf({ value: 50 }), promotionOf({ value: 50 })], [75]],
    ["in their order: fixed, then percentage", [["A", 1, 100]], [fixedOff(50), promotionOf({ value: 50 })], [75]],
    ["in their order: percentage, then fixed", [["A", 1, 100]], [promotionOf({ value: 50 }), fixedOff(50)], [100]],
    [
      "a fixed amount once an order",
      [
        ["A", 1, 100],
        ["B", 3, 100],
      ],
      [fixedOff(40)],
      [10, 30],
    ],
    [
      "a fixed amount, ties to the earlier line",
      [
        ["A", 1, 10],
        ["B", 1, 10],
      ],
      [fixedOff(1)],
      [1, 0],
    ],
    [
      "a fixed amount of the lines it is for",
      [
        ["A", 1, 30],
        ["B", 1, 70],
      ],
      [fixedOff(50, { skus: ["A"] })],
      [30, 0],
    ],
    ["a fixed amount of what is left", [["A", 1, 30]], [promotionOf({ value: 90 }), fixedOff(50)], [30]],
    ["no fixed amount in another currency", [["A", 1, 30]], [fixedOff(5, { currency: "TWD" })], [0]],
    ["two for one", [["A", 2, 100]], [freeUnits(1, 1)], [100]],
    [
      "a third unit",
      [
        ["A", 2, 100],
        ["B", 3, 100],
        ["C", 8, 100],
      ],
      [freeUnits(2, 1)],
      [0, 100, 200],
    ],
    ["two of five, twice", [["A", 14, 7]], [freeUnits(3, 2)], [28]],
    [
      "a line at a time, also where a SKU repeats",
      [
        ["A", 1, 100],
        ["A", 1, 100],
      ],
      [freeUnits(1, 1)],
      [0, 0],
    ],
    ["no more units than are left to pay", [["A", 2, 100]], [promotionOf({ value: 80 }), freeUnits(1, 1)], [200]],
    ["nothing below the least amount", [["A", 1, 99]], [promotionOf(usd(100))], [0]],
    ["something from the least amount on", [["A", 1, 100]], [promotionOf(usd(100))], [10]],
    ["by the undiscounted subtotal", [["A", 1, 100]], [fixedOff(60), promotionOf(usd(100))], [64]],
    [
      "by all lines, also those that it is not for",
      [
        ["A", 1, 60],
        ["B", 1, 40],
      ],
      [promotionOf({ skus: ["B"], ...usd(100) })],
      [0, 4],
    ],
    [
      "nothing for a least amount elsewhere",
      [["A", 1, 100]],
      [promotionOf({ minimumSpend: { amount: 1, currency: "TWD" } })],
      [0],
    ],
    ["nothing before it begins", [["A", 1, 100]], [promotionOf({ validFrom: NOW + 1 })], [0]],
    ["something from its beginning on", [["A", 1, 100]], [promotionOf({ validFrom: NOW })], [10]],
    ["something until just before its end", [["A", 1, 100]], [promotionOf({ validUntil: NOW + 1 })], [10]],
    ["nothing from its end on", [["A", 1, 100]], [promotionOf({ validUntil: NOW })], [0]],
    [
      "no more than there is",
      [["A", 1, 100]],
      [promotionOf({ value: 100 }), promotionOf(), freeUnits(1, 1), fixedOff(1)],
      [100],
    ],
  ])("%s", (_what, lines, promotions, discounts) => {
    expect(promoted(lines, promotions)).toEqual({ discounts, freeShipping: false });
  });

  test.each([
    ["whatever is in it", freeShipping(), true],
    ["with a product that it is for", freeShipping({ skus: ["B", "C"] }), true],
    ["not without one", freeShipping({ skus: ["C"] }), false],
    ["not below the least amount", freeShipping(usd(101)), false],
    ["not after its end", freeShipping({ validUntil: NOW }), false],
  ])("the shipping of a basket, %s", (_what, promotion, isFree) => {
    expect(
      promoted(
        [
          ["A", 1, 50],
          ["B", 1, 50],
        ],
        [promotion],
      ),
    ).toEqual({ discounts: [0, 0], freeShipping: isFree });
  });
});

const someSkus = fc.option(fc.subarray(["A", "B", "C"], { minLength: 1 }), { nil: null });
const price = fc.oneof(fc.nat(20), fc.nat(1_000_000));
const line = fc.tuple(fc.constantFrom("A", "B", "C"), fc.integer({ min: 1, max: 40 }), price);
const percentage = fc.record({ value: fc.integer({ min: 1, max: 100 }), skus: someSkus }).map(promotionOf);
const unitsFree = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), someSkus)
  .map(([buy, get, skus]) => freeUnits(buy, get, { skus }));
const fixed = fc
  .tuple(fc.integer({ min: 1, max: 3_000_000 }), someSkus)
  .map(([value, skus]) => fixedOff(value, { skus }));

test("no line goes below zero, and no promotion takes back what another gave", () => {
  verify(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 8 }),
      fc.array(fc.oneof(percentage, unitsFree, fixed), { maxLength: 6 }),
      (lines, promotions) => {
        let before = lines.map(() => 0);
        for (let count = 1; count <= promotions.length; count++) {
          const { discounts } = promoted(lines, promotions.slice(0, count));
          discounts.forEach((discount, index) => {
            const [, quantity, unitPrice] = lines[index] ?? ["", 0, 0];
            expect(discount).toBeGreaterThanOrEqual(before[index] ?? 0);
            expect(discount).toBeLessThanOrEqual(quantity * unitPrice);
          });
          before = [...discounts];
        }
      },
    ),
    500,
  );
});

test("what is reckoned a line at a time does not depend on the other lines or their order", () => {
  verify(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 8 }),
      fc.array(fc.oneof(percentage, unitsFree), { maxLength: 5 }),
      (lines, promotions) => {
        const { discounts } = promoted(lines, promotions);
        expect(promoted(lines.toReversed(), promotions).discounts).toEqual(discounts.toReversed());
        expect(lines.flatMap((each) => promoted([each], promotions).discounts)).toEqual([...discounts]);
      },
    ),
    300,
  );
});

test("a fixed amount takes as much off an order in any order of its lines", () => {
  const sum = (discounts: readonly number[]) => discounts.reduce((all, each) => all + each, 0);
  verify(
    fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), fixed, (lines, promotion) => {
      const matching = lines.filter(([sku]) => promotion.skus === null || promotion.skus.has(sku));
      const worth = sum(matching.map(([, quantity, unitPrice]) => quantity * unitPrice));
      const { discounts } = promoted(lines, [promotion]);
      expect(sum(discounts)).toBe(Math.min(promotion.value ?? 0, worth));
      expect(sum(promoted(lines.toReversed(), [promotion]).discounts)).toBe(sum(discounts));
    }),
    300,
  );
});
