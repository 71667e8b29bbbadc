/** A basket at list prices: every line by itself, before discounts, tax and shipping. */
import type { z } from "zod";
import { CODE_PATTERN, type priceBasket, type QuoteLine } from "./contract.ts";
import type { TaxClass } from "./tax.ts";

export type Basket = Pick<z.infer<typeof priceBasket.request>, "currency" | "country" | "items">;
export type PricedBasket = z.infer<typeof priceBasket.response>;
export type Price = Extract<PricedBasket, { kind: "priced" }>;
export type RefusedBasket = Extract<PricedBasket, { kind: "refused" }>;
export type BasketFault = RefusedBasket["errors"][number];

/** What is known of a product in the basket's currency; `unitPrice` is null where it has no price in it. */
export interface ProductTerms {
  readonly unitPrice: number | null;
  readonly taxClass: TaxClass;
  readonly weightGrams: number;
}

/** Undefined: there is no such product. */
export type ProductLookup = (sku: string) => ProductTerms | undefined;

export interface ListedLine extends Pick<QuoteLine, "sku" | "quantity" | "unitPrice" | "subtotal"> {
  readonly taxClass: TaxClass;
}

export interface ListedBasket {
  readonly kind: "listed";
  readonly lines: readonly ListedLine[];
  readonly subtotal: number;
  readonly grams: number;
}

/** The basket's SKUs, each once, without those that no product can have: they must not reach a shared statement. */
export const skusOf = (basket: Basket): string[] => [
  ...new Set(basket.items.map(({ sku }) => sku).filter((sku) => CODE_PATTERN.test(sku))),
];

/** Lists every line by itself, also where a SKU repeats. All faults are reported at once; any of them refuses it. */
export function listLines(basket: Basket, lookup: ProductLookup): ListedBasket | RefusedBasket {
  const { currency } = basket;
  const errors: BasketFault[] = [];
  const lines: ListedLine[] = [];
  let subtotal = 0;
  let grams = 0;
  const unpriced = unpricedCurrency(basket, lookup);
  if (unpriced) errors.push(unpriced);
  basket.items.forEach(({ sku, quantity }, index) => {
    const product = lookup(sku);
    if (product === undefined) {
      errors.push({ field: `/items/${index}/sku`, code: "unknown_item", message: `there is no product ${sku}` });
      return;
    }
    const { unitPrice, taxClass, weightGrams } = product;
    if (unitPrice === null) {
      if (!unpriced)
        errors.push({ field: `/items/${index}/sku`, code: "no_price", message: `${sku} has no price in ${currency}` });
      return;
    }
    const amount = unitPrice * quantity;
    if (!Number.isSafeInteger(amount)) {
      const message = `${quantity} times the unit price is more than an amount can be: order fewer`;
      errors.push({ field: `/items/${index}/quantity`, code: "amount_too_large", message });
      return;
    }
    subtotal += amount;
    grams += weightGrams * quantity;
    lines.push({ sku, quantity, unitPrice, subtotal: amount, taxClass });
  });
  if (!Number.isSafeInteger(subtotal)) errors.push(tooLarge("the lines add up"));
  return errors.length > 0 ? { kind: "refused", errors } : { kind: "listed", lines, subtotal, grams };
}

export const tooLarge = (what: string): BasketFault => ({
  field: "/items",
  code: "amount_too_large",
  message: `${what} to more than an amount can be: order fewer`,
});

/** Where no known product of the basket has a price in its currency, the currency is at fault, not each line. */
function unpricedCurrency({ currency, items }: Basket, lookup: ProductLookup): BasketFault | undefined {
  const known = items.map(({ sku }) => lookup(sku)).filter((product) => product !== undefined);
  if (known.length === 0 || known.some(({ unitPrice }) => unitPrice !== null)) return undefined;
  return { field: "/currency", code: "no_price", message: `nothing in this basket has a price in ${currency}` };
}
