import { describe, expect, test } from "bun:test";
import { addressDigest } from "./contract.ts";
import { couponOf, offerOf } from "./coupon.fixture.ts";
import { priced } from "./price.ts";
import { naming } from "./pricing-basis.ts";
import { expiryOf, type Quote, quotedPrice } from "./quote.ts";

const NOW = 1_000_000;
const home = { name: "Ann", line1: "1 Main", city: "Seattle", postalCode: "98101", country: "US" };
const price = priced(offerOf(600, 400), couponOf());
const quote: Quote = {
  id: "0192aaaa-0000-7000-8000-000000000001",
  customerId: "ann",
  addressDigest: addressDigest(home),
  couponCode: "TEN",
  price,
  expiresAt: NOW + 1,
};
const asked = {
  currency: "USD",
  country: "US",
  items: [
    { sku: "S0", quantity: 1 },
    { sku: "S1", quantity: 1 },
  ],
  quote: { id: quote.id, customerId: "ann", addressDigest: addressDigest(home) },
  couponCode: "TEN",
  holdKey: "0192aaaa-0000-8000-8000-000000000001",
  orderId: "0192aaaa-0000-7000-8000-000000000002",
  customerId: "ann",
};

const { couponCode: _code, ...withoutCoupon } = asked;

test("an answer names the quote that it comes from", () => {
  const { quote: _quote, ...withoutQuote } = asked;
  const refused = quotedPrice(undefined, asked, NOW);
  expect(naming(asked, price)).toEqual({ ...price, quoteId: quote.id });
  expect(naming(withoutQuote, price)).toEqual(price);
  expect(naming(asked, refused)).toEqual(refused);
});

describe("a quote", () => {
  test("gives its price to what it was made for", () => {
    expect(quotedPrice(quote, asked, NOW)).toEqual(price);
    expect(quotedPrice({ ...quote, couponCode: null }, withoutCoupon, NOW)).toEqual(price);
  });

  test.each<[string, Quote | undefined, Parameters<typeof quotedPrice>[1], string]>([
    ["that nobody knows", undefined, asked, "there is no such quote"],
    ["of somebody else", { ...quote, customerId: "ben" }, asked, "there is no such quote"],
    [
      "of somebody else that has expired",
      { ...quote, customerId: "ben", expiresAt: 0 },
      asked,
      "there is no such quote",
    ],
    ["at the moment it expires", { ...quote, expiresAt: NOW }, asked, "was valid until 1970-01-01T00:16:40.000Z"],
    ["with another coupon", { ...quote, couponCode: "OTHER" }, asked, "couponCode"],
    ["made without a coupon", { ...quote, couponCode: null }, asked, "couponCode"],
    ["made with a coupon", quote, withoutCoupon, "couponCode"],
    ["in another currency", quote, { ...asked, currency: "TWD" }, "currency"],
    ["for fewer lines", quote, { ...asked, items: asked.items.slice(0, 1) }, "items"],
    ["for more lines", quote, { ...asked, items: [...asked.items, { sku: "S1", quantity: 1 }] }, "items"],
    [
      "for another quantity",
      quote,
      { ...asked, items: asked.items.map((item) => ({ ...item, quantity: 2 })) },
      "items",
    ],
    ["for other products", quote, { ...asked, items: asked.items.map((item) => ({ ...item, sku: "S2" })) }, "items"],
    [
      "to another address",
      quote,
      { ...asked, quote: { ...asked.quote, addressDigest: addressDigest({ ...home, line2: "Apt 2" }) } },
      "shippingAddress",
    ],
  ])("%s gives none", (_what, given, question, why) => {
    expect(quotedPrice(given, question, NOW)).toEqual({
      kind: "refused",
      errors: [{ field: "/quoteId", code: "quote_not_valid", message: expect.stringContaining(why) }],
    });
  });

  test("says at once all that is not as it was quoted", () => {
    const answer = quotedPrice(quote, { ...asked, currency: "TWD", items: [] }, NOW);
    expect(answer).toMatchObject({ errors: [{ message: expect.stringContaining("items, currency") }] });
  });

  test.each([
    [null, 1_500],
    [2_000, 1_500],
    [1_200, 1_200],
  ])("with a coupon until %p given at 1000 for 500 ms is over at %d", (couponUntil, expiresAt) => {
    expect(expiryOf(1_000, 500, couponUntil)).toBe(expiresAt);
  });
});

test("an address has the digest of its content, whatever the order of its fields", () => {
  const { name, ...others } = home;
  expect(addressDigest({ ...others, name })).toBe(addressDigest(home));
  expect(addressDigest({ ...home, line2: "x" })).not.toBe(addressDigest({ ...home, region: "x" }));
});
