/** A coupon: what it takes off a basket, and for which baskets, when and how often it may be used. */
import type { Money } from "../../runtime/money.ts";
import { percentOf, spread, sumOf } from "./discount.ts";
import type { Validity } from "./validity.ts";

export const couponKinds = ["percentage", "fixed", "free_shipping"] as const;
export type CouponKind = (typeof couponKinds)[number];

/** Never changes once it is there. What is null does not restrict it. */
export interface Coupon extends Validity {
  readonly code: string;
  readonly kind: CouponKind;
  /** Percent, or minor units of `currency`; null for free shipping. */
  readonly value: number | null;
  /** Of a fixed value, else null. */
  readonly currency: string | null;
  readonly minimumSpend: Money | null;
  readonly totalLimit: number | null;
  readonly perCustomerLimit: number | null;
}

/** What it takes off each line, of which `nets` are left: one amount on the sum of them, spread over the lines. */
export const couponShares = (coupon: Coupon, nets: readonly number[]): number[] =>
  spread(discountOn(sumOf(nets), coupon), nets);

function discountOn(net: number, { kind, value }: Coupon): number {
  switch (kind) {
    case "percentage":
      return percentOf(net, value ?? 0);
    case "fixed":
      return Math.min(value ?? 0, net);
    case "free_shipping":
      return 0;
  }
}

/** Why it takes nothing off such a basket, or undefined. */
export function whyNotForBasket(
  { code, currency, minimumSpend }: Coupon,
  price: { readonly currency: string; readonly subtotal: number },
): string | undefined {
  if (currency !== null && currency !== price.currency)
    return `${code} is for orders in ${currency}, not in ${price.currency}`;
  if (minimumSpend === null) return undefined;
  if (minimumSpend.currency !== price.currency)
    return `${code} asks for a least amount in ${minimumSpend.currency}, so it is not for orders in ${price.currency}`;
  if (price.subtotal < minimumSpend.amount)
    return `${code} is for ${minimumSpend.amount} minor units of ${price.currency} or more, and this is ${price.subtotal}`;
  return undefined;
}

/** Why it cannot be had at this moment, or undefined. */
export function whyNotNow({ code, validFrom, validUntil }: Coupon, now: number): string | undefined {
  if (validFrom !== null && now < validFrom) return `${code} is not valid before ${new Date(validFrom).toISOString()}`;
  if (validUntil !== null && now >= validUntil) return `${code} was valid until ${new Date(validUntil).toISOString()}`;
  return undefined;
}

/** Why it cannot be used once more after so many uses, held ones among them, or undefined. */
export function whyNotAgain(
  { code, totalLimit, perCustomerLimit }: Coupon,
  uses: { readonly ofAll: number; readonly ofCustomer: number },
): string | undefined {
  if (totalLimit !== null && uses.ofAll >= totalLimit) return `${code} has been used up`;
  if (perCustomerLimit !== null && uses.ofCustomer >= perCustomerLimit)
    return `${code} can be used ${perCustomerLimit === 1 ? "once" : `${perCustomerLimit} times`} by each customer, and you have done so`;
  return undefined;
}
