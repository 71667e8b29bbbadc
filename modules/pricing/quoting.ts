/**
 * `POST /pricing/quotes`: prices a basket as it is now, and keeps the price for its customer. The quote is in the
 * database before it is answered, so every replica knows it and no crash takes it back. It holds no use of its coupon:
 * an order that names the quote does, and is refused where there is none left by then.
 */
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../runtime/database/port.ts";
import { ProblemError } from "../../runtime/http/problem.ts";
import type { IdempotencyClaim } from "../../runtime/http/route.ts";
import type { Ids } from "../../runtime/ids.ts";
import { addressDigest, basketProblem } from "./contract.ts";
import { type Coupon, whyNotAgain, whyNotForBasket, whyNotNow } from "./coupon.ts";
import { findCouponFor } from "./coupon-store.ts";
import { keyedWrite } from "./keyed-write.ts";
import { type Offer, offerFor, priced } from "./price.ts";
import type { PriceBatch } from "./price-batch.ts";
import { expiryOf, type Quote } from "./quote.ts";
import type { NewQuote } from "./quote-schema.ts";
import { addQuote } from "./quote-store.ts";

export interface QuotingDeps {
  readonly database: Database;
  readonly prices: PriceBatch;
  readonly findQuote: (id: string) => Promise<Quote | undefined>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly quoteLifetimeMs: number;
}

/** The quote for a basket; a repeated request gets its first one. Throws a 422 for what has no price. */
export function quoteFor(
  deps: QuotingDeps,
  customerId: string,
  request: NewQuote,
  claim: IdempotencyClaim | null,
): Promise<Quote> {
  const { database, findQuote } = deps;
  const write = async () => {
    const quote = await priceNow(deps, customerId, request);
    await addQuote(database, quote, claim, deps.clock.now());
    return quote;
  };
  return keyedWrite(database, claim, write, findQuote);
}

async function priceNow(deps: QuotingDeps, customerId: string, request: NewQuote): Promise<Quote> {
  const { currency, items, shippingAddress, couponCode } = request;
  const basket = { currency, country: shippingAddress.country, items };
  const offer = offerFor(basket, await deps.prices.ask(basket), deps.clock.now());
  if (offer.kind === "refused") throw new ProblemError(basketProblem(offer.errors));
  const coupon = couponCode === undefined ? null : await couponFor(deps, couponCode, customerId, offer);
  return {
    id: deps.ids.next(),
    customerId,
    addressDigest: addressDigest(shippingAddress),
    couponCode: couponCode ?? null,
    price: priced(offer, coupon),
    expiresAt: expiryOf(deps.clock.now(), deps.quoteLifetimeMs, coupon?.validUntil ?? null),
  };
}

async function couponFor(
  { database, clock }: QuotingDeps,
  code: string,
  customerId: string,
  offer: Offer,
): Promise<Coupon> {
  const found = await findCouponFor(database, code, customerId);
  if (!found) throw notValid(`there is no coupon ${code}; leave it out`);
  const { coupon } = found;
  const why = whyNotNow(coupon, clock.now()) ?? whyNotForBasket(coupon, offer) ?? whyNotAgain(coupon, found);
  if (why !== undefined) throw notValid(why);
  return coupon;
}

const notValid = (message: string) =>
  new ProblemError(basketProblem([{ field: "/couponCode", code: "coupon_not_valid", message }]));
