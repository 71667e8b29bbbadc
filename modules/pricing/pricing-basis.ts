/** What an order is priced from: a quote where it names one, else the terms of this moment. */
import type { z } from "zod";
import type { Clock } from "../../runtime/clock.ts";
import type { Price, RefusedBasket } from "./basket.ts";
import type { holdCoupon, priceBasket } from "./contract.ts";
import { type Offer, offerFor } from "./price.ts";
import type { PriceBatch } from "./price-batch.ts";
import { type Quote, quotedPrice } from "./quote.ts";

type Question = z.infer<typeof priceBasket.request> | z.infer<typeof holdCoupon.request>;

/** A quote comes with its coupon's discount already. */
export type PricingBasis = (question: Question) => Promise<Offer | Price | RefusedBasket>;

/** The answer to a question, which says whose price it is: what names a quote is priced from it or refused. */
export const naming = <Answer extends { readonly kind: string }>({ quote }: Question, answer: Answer): Answer =>
  quote === undefined || answer.kind !== "priced" ? answer : { ...answer, quoteId: quote.id };

export interface PricingBasisDeps {
  readonly prices: PriceBatch;
  readonly findQuote: (id: string) => Promise<Quote | undefined>;
  readonly clock: Clock;
}

export const createPricingBasis =
  ({ prices, findQuote, clock }: PricingBasisDeps): PricingBasis =>
  async (question) => {
    if (question.quote === undefined) return offerFor(question, await prices.ask(question), clock.now());
    const quote = await findQuote(question.quote.id);
    return quotedPrice(quote, question, clock.now());
  };
