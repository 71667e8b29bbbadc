import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { type Basket, listLines, skusOf } from "./basket.ts";

const skus = ["A", "B", "C", "D"];
const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** What is known of a SKU: its price, that it has none in this currency, or nothing. */
const price = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1_000_000) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 36, max: Number.MAX_SAFE_INTEGER }) },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
);
const catalogue = fc.tuple(price, price, price, price).map((prices) => new Map(skus.map((sku, i) => [sku, prices[i]])));
const quantity = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9999 }));
const line = fc.record({ sku: fc.constantFrom(...skus), quantity });
const basketOf = (items: Basket["items"]): Basket => ({ currency: "TWD", country: "TW", items });

test("a basket is listed to the unit, or refused for the lines that cannot be; no amount leaves the safe integers", () => {
  verify(
    fc.property(catalogue, fc.array(line, { minLength: 1, maxLength: 12 }), (prices, items) => {
      const lookup = (sku: string) => {
        const unitPrice = prices.get(sku);
        return unitPrice === undefined ? undefined : ({ unitPrice, taxClass: "zero", weightGrams: 7 } as const);
      };
      const answer = listLines(basketOf(items), lookup);
      const exact = items.map(({ sku, quantity }) => {
        const unit = prices.get(sku);
        return unit === undefined || unit === null ? null : BigInt(unit) * BigInt(quantity);
      });
      const whole = exact.reduce<bigint>((sum, amount) => sum + (amount ?? 0n), 0n);
      const faulty = exact.flatMap((amount, index) => (amount === null || amount > MAX ? [index] : []));
      if (faulty.length === 0 && whole <= MAX) {
        if (answer.kind !== "listed") throw new Error(`it was ${answer.kind}`);
        expect(answer.lines.map((each) => BigInt(each.subtotal))).toEqual(exact.map((amount) => amount ?? 0n));
        expect(BigInt(answer.subtotal)).toBe(whole);
        expect(answer.grams).toBe(7 * items.reduce((sum, each) => sum + each.quantity, 0));
        return;
      }
      expect(answer.kind).toBe("refused");
      if (answer.kind !== "refused") return;
      const named = answer.errors.flatMap(({ field }) => /^\/items\/(\d+)\//.exec(field)?.[1] ?? []).map(Number);
      const general = answer.errors.filter(({ field }) => field === "/currency" || field === "/items");
      // Every faulty line is named, unless the currency is at fault for all that have no price; no good line is.
      for (const index of faulty)
        expect(named.includes(index) || general.some(({ field }) => field === "/currency")).toBe(true);
      for (const index of named) expect(faulty).toContain(index);
      if (faulty.length === 0) expect(general.map(({ code }) => code)).toEqual(["amount_too_large"]);
    }),
    500,
  );
});

test("each SKU that can be one is asked for once, in the order of the lines", () => {
  const anySku = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._-]{1,3}$/), fc.string({ maxLength: 70 }));
  verify(
    fc.property(fc.array(anySku), (texts) => {
      const asked = skusOf(basketOf(texts.map((sku) => ({ sku, quantity: 1 }))));
      expect(asked).toEqual([...new Set(texts)].filter((sku) => /^[A-Za-z0-9._-]{1,64}$/.test(sku)));
    }),
  );
});
