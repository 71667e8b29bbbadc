/**
 * Answers concurrent price questions with one statement.
 *
 * While a statement is in flight, whatever is asked waits; the next statement answers it. A question is only ever put
 * into a statement that starts after it was asked, and nothing is kept afterwards, so what was written before a question
 * (a price, a rate, a promotion) is in its answer. A statement that fails rejects the questions it carried and no
 * others; nothing is retried here. The queue is bounded: what comes on top is rejected at once, as `unavailable`.
 */
import { createGroupedWork, type GroupLimits } from "../../runtime/database/grouped-work.ts";
import { type Basket, skusOf } from "./basket.ts";
import type { PriceTerms } from "./price.ts";
import type { FoundTerms, TermsQuestion } from "./terms-store.ts";

export interface PriceBatch {
  /** Looks up all that the basket's price follows from. */
  ask(basket: Basket): Promise<PriceTerms>;
}

/** `read` answers each question once; what is unknown has no entry. */
export function createPriceBatch(
  read: (question: TermsQuestion) => Promise<FoundTerms>,
  limits?: GroupLimits,
): PriceBatch {
  const lookUp = createGroupedWork(async (baskets: readonly Basket[]): Promise<PriceTerms[]> => {
    const { products, promotions, taxes, shippings } = await read(questionOf(baskets));
    const productOf = new Map(products.map((each) => [nameOf(each.currency, each.sku), each]));
    const taxOf = new Map(taxes.map((each) => [each.country, each]));
    const shippingOf = new Map(shippings.map((each) => [nameOf(each.currency, each.country), each]));
    return baskets.map(({ currency, country }) => ({
      product: (sku) => productOf.get(nameOf(currency, sku)),
      promotions,
      tax: taxOf.get(country),
      shipping: shippingOf.get(nameOf(currency, country))?.bands,
    }));
  }, limits);

  return { ask: lookUp };
}

function questionOf(baskets: readonly Basket[]): TermsQuestion {
  const products = new Map<string, TermsQuestion["products"][number]>();
  const destinations = new Map<string, TermsQuestion["destinations"][number]>();
  for (const basket of baskets) {
    const { currency, country } = basket;
    destinations.set(nameOf(currency, country), { currency, country });
    for (const sku of skusOf(basket)) products.set(nameOf(currency, sku), { sku, currency });
  }
  return { products: [...products.values()], destinations: [...destinations.values()] };
}

/** Currencies are three letters, so no two pairs share a name. */
const nameOf = (currency: string, what: string) => `${currency}/${what}`;
