import { type Basket, priceLines } from "./basket.ts";
import type { Coupon, Price } from "./coupon.ts";

/** A coupon for tests, without limits. */
export const couponOf = (change: Partial<Coupon> = {}): Coupon => ({
  code: "TEN",
  kind: "percentage",
  value: 10,
  currency: null,
  validFrom: null,
  validUntil: null,
  minimumSpend: null,
  totalLimit: null,
  perCustomerLimit: null,
  ...change,
});

/** A basket in USD of one line for each of these amounts, priced. */
export function priceOf(...amounts: readonly number[]): Price {
  const items = amounts.map((_amount, index): Basket["items"][number] => ({ sku: `S${index}`, quantity: 1 }));
  const price = priceLines({ currency: "USD", country: "US", items }, (sku) => amounts[Number(sku.slice(1))]);
  if (price.kind === "refused") throw new Error(`the basket was refused: ${JSON.stringify(price.errors)}`);
  return price;
}
