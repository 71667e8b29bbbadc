/**
 * A quote: the price of one basket for one customer, to one address, with one coupon or none, that holds until it
 * expires. It holds no use of the coupon; the order does.
 */
import type { z } from "zod";
import type { Price, RefusedBasket } from "./basket.ts";
import type { holdCoupon, priceBasket } from "./contract.ts";

export interface Quote {
  readonly id: string;
  readonly customerId: string;
  /** The address itself is nobody's business here. */
  readonly addressDigest: string;
  readonly couponCode: string | null;
  readonly price: Price;
  readonly expiresAt: number;
}

type Question = z.infer<typeof priceBasket.request> | z.infer<typeof holdCoupon.request>;

/** When a quote given now is over: its coupon must not be over before it. */
export const expiryOf = (now: number, lifetimeMs: number, couponUntil: number | null): number =>
  Math.min(now + lifetimeMs, couponUntil ?? Number.POSITIVE_INFINITY);

/** The price that was quoted for exactly what is asked, or why there is none. A stranger's quote is an unknown one. */
export function quotedPrice(quote: Quote | undefined, question: Question, now: number): Price | RefusedBasket {
  const { quote: asked } = question;
  if (quote === undefined || quote.customerId !== asked?.customerId)
    return refused("there is no such quote; leave it out, or ask for a new one");
  if (now >= quote.expiresAt)
    return refused(`it was valid until ${new Date(quote.expiresAt).toISOString()}; ask for a new one`);
  const others = [
    ...(isSameBasket(quote.price, question) ? [] : ["items"]),
    ...(quote.price.currency === question.currency ? [] : ["currency"]),
    ...(quote.couponCode === ("couponCode" in question ? question.couponCode : null) ? [] : ["couponCode"]),
    ...(quote.addressDigest === asked.addressDigest ? [] : ["shippingAddress"]),
  ];
  return others.length === 0
    ? quote.price
    : refused(`it is for other values of ${others.join(", ")}; ask for a new one`);
}

const isSameBasket = (price: Price, { items }: Question) =>
  price.items.length === items.length &&
  price.items.every(({ sku, quantity }, index) => items[index]?.sku === sku && items[index]?.quantity === quantity);

const refused = (message: string): RefusedBasket => ({
  kind: "refused",
  errors: [{ field: "/quoteId", code: "quote_not_valid", message }],
});
