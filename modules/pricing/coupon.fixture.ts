import type { Coupon } from "./coupon.ts";
import type { Offer } from "./price.ts";

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

/** A basket in USD of one line for each of these amounts, without tax and shipping. */
export const offerOf = (...amounts: readonly number[]): Offer => ({
  kind: "offer",
  currency: "USD",
  lines: amounts.map((amount, index) => ({
    sku: `S${index}`,
    quantity: 1,
    unitPrice: amount,
    subtotal: amount,
    discount: 0,
    taxClass: "zero",
  })),
  subtotal: amounts.reduce((sum, amount) => sum + amount, 0),
  shipping: 0,
  tax: { inclusive: true, rates: { standard: 0, reduced: 0, zero: 0 } },
});
