/** The rules together: worked cases, and what holds for every price. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isTotal } from "../../runtime/money.ts";
import { verify } from "../../runtime/property.fixture.ts";
import type { Basket, ProductTerms } from "./basket.ts";
import { priceBasket } from "./contract.ts";
import { couponOf } from "./coupon.fixture.ts";
import type { Coupon } from "./coupon.ts";
import { type Offer, offerFor, type PriceTerms, priced } from "./price.ts";
import { fixedOff, freeShipping, freeUnits, promotionOf } from "./promotion.fixture.ts";
import type { TaxClass } from "./tax.ts";

const NOW = 5_000;
const PRODUCTS: Readonly<Record<string, ProductTerms>> = {
  TEA: { unitPrice: 1890, taxClass: "reduced", weightGrams: 180 },
  POT: { unitPrice: 3900, taxClass: "standard", weightGrams: 720 },
  BOOK: { unitPrice: 2990, taxClass: "zero", weightGrams: 780 },
  FREE: { unitPrice: 0, taxClass: "standard", weightGrams: 0 },
  GOLD: { unitPrice: Number.MAX_SAFE_INTEGER, taxClass: "zero", weightGrams: 1 },
  LOCAL: { unitPrice: null, taxClass: "zero", weightGrams: 1 },
};
const BANDS = [
  { upToGrams: 500, amount: 600 },
  { upToGrams: 2_000, amount: 850 },
];
const EXCLUSIVE = { inclusive: false, rates: { standard: 800, reduced: 400, zero: 0 } };
const INCLUSIVE = { inclusive: true, rates: { standard: 500, reduced: 250, zero: 0 } };
const TERMS: PriceTerms = { product: (sku) => PRODUCTS[sku], promotions: [], tax: EXCLUSIVE, shipping: BANDS };

const basketOf = (...items: readonly (readonly [sku: string, quantity: number])[]): Basket => ({
  currency: "USD",
  country: "US",
  items: items.map(([sku, quantity]) => ({ sku, quantity })),
});

function offered(basket: Basket, terms: Partial<PriceTerms> = {}): Offer {
  const offer = offerFor(basket, { ...TERMS, ...terms }, NOW);
  if (offer.kind === "refused") throw new Error(`it was refused: ${JSON.stringify(offer.errors)}`);
  return offer;
}

const fixedCoupon = (value: number) => couponOf({ kind: "fixed", value, currency: "USD" });
const SHIPFREE = couponOf({ kind: "free_shipping", value: null });

describe("a basket costs", () => {
  const both = basketOf(["TEA", 2], ["POT", 1]);
  type Amounts = readonly [subtotal: number, discount: number, shipping: number, tax: number, total: number];
  test.each<[string, Basket, Partial<PriceTerms>, Coupon | null, Amounts]>([
    // 151 (4 % of 37.80) + 312 (8 % of 39.00) + 68 (8 % of 8.50)
    ["tax on top, of lines and shipping", both, {}, null, [7680, 0, 850, 531, 9061]],
    // 92 in 37.80 at 2.5 %, 186 in 39.00 at 5 %, 40 in 8.50 at 5 %
    ["tax contained, of lines and shipping", both, { tax: INCLUSIVE }, null, [7680, 0, 850, 318, 8530]],
    // 10 % off: 378 and 390; tax 136 of 34.02, 281 of 35.10, 68
    ["tax on the discounted lines", both, {}, couponOf(), [7680, 768, 850, 485, 8247]],
    // 5 off the pot, then 10 % of 71.80 = 718: 378 and 340; tax 136 of 34.02, 245 of 30.60, 68
    [
      "promotions, then the coupon",
      both,
      { promotions: [fixedOff(500, { skus: ["POT"] })] },
      couponOf(),
      [7680, 1218, 850, 449, 7761],
    ],
    ["no shipping with a coupon, nor its tax", both, {}, SHIPFREE, [7680, 0, 0, 463, 8143]],
    ["no shipping with a promotion", both, { promotions: [freeShipping()] }, null, [7680, 0, 0, 463, 8143]],
    ["one of two teas", both, { promotions: [freeUnits(1, 1, { skus: ["TEA"] })] }, null, [7680, 1890, 850, 456, 7096]],
    ["shipping alone after a coupon for all", both, {}, fixedCoupon(99_999), [7680, 7680, 850, 68, 918]],
    ["nothing without shipping", basketOf(["FREE", 3]), { promotions: [freeShipping()] }, null, [0, 0, 0, 0, 0]],
    [
      "no tax where the rate is zero",
      basketOf(["BOOK", 1]),
      { promotions: [freeShipping()] },
      null,
      [2990, 0, 0, 0, 2990],
    ],
  ])("%s", (_what, basket, terms, coupon, amounts) => {
    const { subtotal, discount, shipping, tax, total } = priced(offered(basket, terms), coupon);
    expect([subtotal, discount, shipping, tax, total]).toEqual([...amounts]);
  });

  test("what its lines say, tax on top", () => {
    const { items } = priced(offered(both), couponOf());
    expect(items).toEqual([
      { sku: "TEA", quantity: 2, unitPrice: 1890, subtotal: 3780, discount: 378, tax: 136, total: 3538 },
      { sku: "POT", quantity: 1, unitPrice: 3900, subtotal: 3900, discount: 390, tax: 281, total: 3791 },
    ]);
  });

  test("what its lines say, tax contained", () => {
    const { items } = priced(offered(both, { tax: INCLUSIVE }), null);
    expect(items.map(({ tax, total }) => [tax, total])).toEqual([
      [92, 3780],
      [186, 3900],
    ]);
  });
});

describe("a basket is refused", () => {
  const tea = basketOf(["TEA", 1]);
  test.each<[string, Basket, Partial<PriceTerms>, readonly (readonly [field: string, code: string])[]]>([
    ["without a tax rate", tea, { tax: undefined }, [["/shippingAddress/country", "no_tax_rate"]]],
    ["without a shipping rate", tea, { shipping: undefined }, [["/shippingAddress/country", "no_shipping_rate"]]],
    [
      "without either, and for its lines, all at once",
      basketOf(["NONE", 1], ["TEA", 1]),
      { tax: undefined, shipping: undefined },
      [
        ["/items/0/sku", "unknown_item"],
        ["/shippingAddress/country", "no_tax_rate"],
        ["/shippingAddress/country", "no_shipping_rate"],
      ],
    ],
    ["over the last band", basketOf(["TEA", 12]), {}, [["/items", "too_heavy"]]],
    [
      "over the last band, also where shipping is free",
      basketOf(["TEA", 12]),
      { promotions: [freeShipping()] },
      [["/items", "too_heavy"]],
    ],
    ["where tax makes it more than an amount can be", basketOf(["GOLD", 1]), {}, [["/items", "amount_too_large"]]],
  ])("%s", (_what, basket, terms, errors) => {
    const answer = offerFor(basket, { ...TERMS, ...terms }, NOW);
    if (answer.kind !== "refused") throw new Error("it was offered");
    expect(answer.errors.map(({ field, code }) => [field, code])).toEqual(errors.map((each) => [...each]));
    expect(priceBasket.response.parse(answer)).toEqual(answer);
  });

  test("not at the last gram of the last band, nor at the greatest amount", () => {
    const sent = basketOf(["TEA", 7], ["POT", 1]);
    expect(offered(sent, { shipping: [{ upToGrams: 1_980, amount: 3 }] }).shipping).toBe(3);
    expect(offerFor(sent, { ...TERMS, shipping: [{ upToGrams: 1_979, amount: 3 }] }, NOW).kind).toBe("refused");
    const free = offered(basketOf(["GOLD", 1]), { promotions: [freeShipping()] });
    expect(priced(free, null).total).toBe(Number.MAX_SAFE_INTEGER);
  });
});

const classes: readonly TaxClass[] = ["standard", "reduced", "zero"];
const SKUS = ["A", "B", "C", "D"];
const product = fc.record({
  unitPrice: fc.oneof(fc.nat(20), fc.nat(10_000_000)),
  taxClass: fc.constantFrom(...classes),
  weightGrams: fc.nat(3_000),
});
const rate = fc.nat(3_000);
const skus = fc.option(fc.subarray(SKUS, { minLength: 1 }), { nil: null });
const percent = fc.integer({ min: 1, max: 100 });
const minor = fc.integer({ min: 1, max: 50_000_000 });
const promotion = fc.oneof(
  fc.record({ value: percent, skus }).map(promotionOf),
  fc.tuple(minor, skus).map(([value, only]) => fixedOff(value, { skus: only })),
  fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).map(([buy, get]) => freeUnits(buy, get)),
  skus.map((only) => freeShipping({ skus: only })),
);
const coupon = fc.oneof(
  fc.constant(null),
  percent.map((value) => couponOf({ value })),
  minor.map(fixedCoupon),
  fc.constant(SHIPFREE),
);
const terms = fc
  .record({
    products: fc.tuple(product, product, product, product),
    promotions: fc.array(promotion, { maxLength: 4 }),
    tax: fc.record({
      inclusive: fc.boolean(),
      rates: fc.record({ standard: rate, reduced: rate, zero: fc.constant(0) }),
    }),
    shipping: fc.nat(100_000).map((amount) => [{ upToGrams: null, amount }]),
  })
  .map(({ products, ...others }) => ({
    ...others,
    product: (sku: string) => products[SKUS.indexOf(sku)],
  }));
const basket = fc
  .array(fc.tuple(fc.constantFrom(...SKUS), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 10 })
  .map((items) => basketOf(...items));

test("totals add up to the minor unit, and nothing is below zero", () => {
  verify(
    fc.property(basket, terms, coupon, (given, of, taken) => {
      const price = priced(offered(given, of), taken);
      const { items, subtotal, discount, shipping, tax, total } = price;
      // The contract has no amount below zero.
      expect(priceBasket.response.parse(price)).toEqual(price);
      const sum = (what: "subtotal" | "discount" | "tax" | "total") => items.reduce((all, each) => all + each[what], 0);
      expect([sum("subtotal"), sum("discount")]).toEqual([subtotal, discount]);
      const onShipping = tax - sum("tax");
      expect(total).toBe(sum("total") + shipping + (of.tax.inclusive ? 0 : onShipping));
      for (const item of items) expect(isTotal(item.total, item.subtotal - item.discount, item.tax)).toBe(true);
      expect(isTotal(total, subtotal - discount + shipping, tax)).toBe(true);
      expect(onShipping === 0 || shipping > 0).toBe(true);
    }),
    1_000,
  );
});

test("a coupon never makes it dearer, and one of 100 % leaves the shipping", () => {
  verify(
    fc.property(basket, terms, coupon, (given, of, taken) => {
      const offer = offered(given, of);
      expect(priced(offer, taken).total).toBeLessThanOrEqual(priced(offer, null).total);
      const all = priced(offer, couponOf({ value: 100 }));
      expect([all.discount, all.items.every(({ total, tax }) => total === 0 && tax === 0)]).toEqual([
        all.subtotal,
        true,
      ]);
    }),
  );
});

test("the order of the lines changes no line that is reckoned by itself, and no discount of the whole", () => {
  verify(
    fc.property(basket, terms, coupon, (given, of, taken) => {
      const reversed = { ...given, items: given.items.toReversed() };
      const [one, other] = [given, reversed].map((each) => priced(offered(each, { ...of, promotions: [] }), taken));
      expect([other?.subtotal, other?.discount, other?.shipping]).toEqual([
        one?.subtotal,
        one?.discount,
        one?.shipping,
      ]);
      const byItself = of.promotions.filter(({ kind }) => kind !== "fixed");
      const [lines, backwards] = [given, reversed].map((each) =>
        priced(offered(each, { ...of, promotions: byItself }), null),
      );
      expect(backwards?.items.toReversed()).toEqual(lines?.items ?? []);
      expect(backwards?.total).toBe(lines?.total ?? -1);
    }),
  );
});
