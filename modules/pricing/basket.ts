import type { z } from "zod";
import type { priceBasket, QuoteLine } from "./contract.ts";
import type { PriceLookup } from "./price-batch.ts";

export type Basket = z.infer<typeof priceBasket.request>;
export type PricedBasket = z.infer<typeof priceBasket.response>;
export type BasketFault = Extract<PricedBasket, { kind: "refused" }>["errors"][number];

export const SKU_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/** The basket's SKUs, each once, without those that no product can have: they must not reach a shared statement. */
export const skusOf = (basket: Basket): string[] => [
  ...new Set(basket.items.map(({ sku }) => sku).filter((sku) => SKU_PATTERN.test(sku))),
];

/** Prices every line by itself, also where a SKU repeats. All faults are reported at once; any of them refuses it. */
export function priceLines(basket: Basket, lookup: PriceLookup): PricedBasket {
  const { currency } = basket;
  const errors: BasketFault[] = [];
  const items: QuoteLine[] = [];
  let subtotal = 0;
  const unpriced = unpricedCurrency(basket, lookup);
  if (unpriced) errors.push(unpriced);
  basket.items.forEach(({ sku, quantity }, index) => {
    const unitPrice = lookup(sku);
    if (unitPrice === undefined) {
      errors.push({ field: `/items/${index}/sku`, code: "unknown_item", message: `there is no product ${sku}` });
      return;
    }
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
    items.push({ sku, quantity, unitPrice, subtotal: amount, discount: 0, tax: 0, total: amount });
  });
  if (!Number.isSafeInteger(subtotal))
    errors.push({
      field: "/items",
      code: "amount_too_large",
      message: "the lines add up to more than an amount can be: order fewer",
    });
  if (errors.length > 0) return { kind: "refused", errors };
  return { kind: "priced", currency, items, subtotal, discount: 0, shipping: 0, tax: 0, total: subtotal };
}

/** Where no known product of the basket has a price in its currency, the currency is at fault, not each line. */
function unpricedCurrency({ currency, items }: Basket, lookup: PriceLookup): BasketFault | undefined {
  const known = items.map(({ sku }) => lookup(sku)).filter((unitPrice) => unitPrice !== undefined);
  if (known.length === 0 || known.some((unitPrice) => unitPrice !== null)) return undefined;
  return { field: "/currency", code: "no_price", message: `nothing in this basket has a price in ${currency}` };
}
