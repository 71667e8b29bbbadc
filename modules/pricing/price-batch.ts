/**
 * Answers concurrent price questions with one statement.
 *
 * While a statement is in flight, whatever is asked waits; the next statement answers it. A question is only ever put
 * into a statement that starts after it was asked, and nothing is kept afterwards, so a price that was written before
 * a question is in its answer. A statement that fails rejects the questions it carried and no others; nothing is
 * retried here. The queue is bounded: what comes on top is rejected at once, as `unavailable`.
 */
import { createGroupedWork } from "../../runtime/database/grouped-work.ts";
import { DatabaseError } from "../../runtime/database/port.ts";
import type { PriceQuestion, ProductPrice } from "./store.ts";

/** The price of a product (null: none in this currency), or undefined when the product is unknown. */
export type PriceLookup = (sku: string) => number | null | undefined;

export interface PriceBatch {
  /** Looks up all SKUs in one currency. */
  ask(currency: string, skus: readonly string[]): Promise<PriceLookup>;
}

export interface PriceBatchLimits {
  /** Most baskets that one statement carries. */
  readonly basketsPerStatement: number;
  /** Most baskets that may be without an answer. */
  readonly openLimit: number;
}

const LIMITS: PriceBatchLimits = { basketsPerStatement: 200, openLimit: 5000 };

interface Asked {
  readonly currency: string;
  readonly skus: readonly string[];
}

/** `read` answers each question once; unknown products have no row. */
export function createPriceBatch(
  read: (questions: readonly PriceQuestion[]) => Promise<readonly ProductPrice[]>,
  limits: PriceBatchLimits = LIMITS,
): PriceBatch {
  let open = 0;

  const lookUp = createGroupedWork(async (baskets: readonly Asked[]): Promise<PriceLookup[]> => {
    const rows = await read(distinctQuestions(baskets));
    const prices = new Map(rows.map(({ currency, sku, unitPrice }) => [nameOf(currency, sku), unitPrice]));
    return baskets.map(
      ({ currency }) =>
        (sku) =>
          prices.get(nameOf(currency, sku)),
    );
  }, limits.basketsPerStatement);

  return {
    async ask(currency, skus) {
      if (open >= limits.openLimit)
        throw new DatabaseError("unavailable", "", `${open} baskets wait for prices already`);
      open++;
      try {
        return await lookUp({ currency, skus });
      } finally {
        open--;
      }
    },
  };
}

function distinctQuestions(baskets: readonly Asked[]): PriceQuestion[] {
  const questions = new Map<string, PriceQuestion>();
  for (const { currency, skus } of baskets) {
    for (const sku of skus) questions.set(nameOf(currency, sku), { sku, currency });
  }
  return [...questions.values()];
}

/** Currencies are three letters, so no two pairs share a name. */
const nameOf = (currency: string, sku: string) => `${currency}/${sku}`;
