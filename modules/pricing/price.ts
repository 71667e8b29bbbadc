/**
 * The order of the price rules: promotions on the lines, then the coupon on what is left, then tax line by line, then
 * shipping with its tax. Each rule stands in a file of its own; here they meet, with what they need of the database
 * (`PriceTerms`, read by terms-store.ts).
 *
 * Another kind of promotion is a case in promotion.ts and promotion-schema.ts. Its terms go into one JSON column
 * (promotion-store.ts), which a release that does not know the kind refuses to read: it prices nothing any more. So none
 * may be created before such releases are gone.
 */
import {
  type Basket,
  type BasketFault,
  type ListedLine,
  listLines,
  type Price,
  type ProductLookup,
  type RefusedBasket,
  tooLarge,
} from "./basket.ts";
import { type Coupon, couponShares } from "./coupon.ts";
import { type ActivePromotion, promote } from "./promotion.ts";
import { type ShippingBand, shippingFor } from "./shipping.ts";
import { type TaxRates, taxOn } from "./tax.ts";

/** What holds for a basket's products, currency and destination at one moment. */
export interface PriceTerms {
  readonly product: ProductLookup;
  /** The enabled ones, in the order of their creation. */
  readonly promotions: readonly ActivePromotion[];
  /** Of the destination; undefined: nothing is sold there. */
  readonly tax: TaxRates | undefined;
  /** To the destination in the basket's currency; undefined: nothing is sent there. */
  readonly shipping: readonly ShippingBand[] | undefined;
}

/** A basket after its promotions: all that its price follows from, with a coupon or without. */
export interface Offer {
  readonly kind: "offer";
  readonly currency: string;
  readonly lines: readonly (ListedLine & { readonly discount: number })[];
  readonly subtotal: number;
  readonly shipping: number;
  readonly tax: TaxRates;
}

/** What is offered for a basket, or every reason why it cannot be sold. */
export function offerFor(basket: Basket, terms: PriceTerms, now: number): Offer | RefusedBasket {
  const { currency, country } = basket;
  const listed = listLines(basket, terms.product);
  const { tax, shipping: bands } = terms;
  if (listed.kind === "refused" || tax === undefined || bands === undefined) {
    const errors = listed.kind === "refused" ? [...listed.errors] : [];
    if (tax === undefined) errors.push(notTo("no_tax_rate", `there is no tax rate for ${country}`));
    if (bands === undefined)
      errors.push(notTo("no_shipping_rate", `there is no shipping rate to ${country} in ${currency}`));
    return { kind: "refused", errors };
  }
  const { lines, subtotal, grams } = listed;
  const shipping = shippingFor(bands, grams);
  if (shipping === undefined) {
    const message = `${grams} g are more than can be sent to ${country} in ${currency}: order fewer`;
    return { kind: "refused", errors: [{ field: "/items", code: "too_heavy", message }] };
  }
  const { discounts, freeShipping } = promote(lines, terms.promotions, currency, now);
  const offer: Offer = {
    kind: "offer",
    currency,
    lines: lines.map((line, index) => ({ ...line, discount: discounts[index] ?? 0 })),
    subtotal,
    shipping: freeShipping ? 0 : shipping,
    tax,
  };
  // A coupon only makes it less.
  return Number.isSafeInteger(priced(offer, null).total)
    ? offer
    : { kind: "refused", errors: [tooLarge("lines, shipping and tax add up")] };
}

const notTo = (code: BasketFault["code"], message: string): BasketFault => ({
  field: "/shippingAddress/country",
  code,
  message,
});

/** The price of an offer with a coupon or without. */
export function priced({ currency, lines, subtotal, tax: rates, ...offer }: Offer, coupon: Coupon | null): Price {
  const nets = lines.map((line) => line.subtotal - line.discount);
  const shares = coupon === null ? [] : couponShares(coupon, nets);
  const items = lines.map(({ taxClass, ...line }, index) => {
    const discount = line.discount + (shares[index] ?? 0);
    const net = line.subtotal - discount;
    const tax = taxOn(net, taxClass, rates);
    return { ...line, discount, tax, total: rates.inclusive ? net : net + tax };
  });
  const shipping = coupon?.kind === "free_shipping" ? 0 : offer.shipping;
  const discount = items.reduce((sum, item) => sum + item.discount, 0);
  const tax = items.reduce((sum, item) => sum + item.tax, taxOn(shipping, "standard", rates));
  const total = subtotal - discount + shipping + (rates.inclusive ? 0 : tax);
  return { kind: "priced", currency, items, subtotal, discount, shipping, tax, total };
}
