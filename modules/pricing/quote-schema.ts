/** A quote as the API takes and shows it. */
import * as z from "zod";
import { addressExample } from "../../runtime/address.ts";
import { currencySchema, money, moneySchema } from "../../runtime/money.ts";
import { basketFields, couponCodeSchema, skuSchema } from "./contract.ts";
import type { Quote } from "./quote.ts";

export const newQuoteSchema = z.strictObject(basketFields);

export type NewQuote = z.infer<typeof newQuoteSchema>;

export const newQuoteExample: NewQuote = {
  currency: "USD",
  items: [{ sku: "SKU-001", quantity: 2 }],
  couponCode: "WELCOME10",
  shippingAddress: addressExample,
};

/** What is paid, and how it comes about. */
const amounts = { subtotal: moneySchema, discount: moneySchema, tax: moneySchema, total: moneySchema };

export const quoteSchema = z.strictObject({
  id: z.uuid(),
  expiresAt: z.iso.datetime(),
  currency: currencySchema,
  items: z.array(z.strictObject({ sku: skuSchema, quantity: z.int(), unitPrice: moneySchema, ...amounts })),
  ...amounts,
  shipping: moneySchema,
  coupon: couponCodeSchema.optional().describe("The code of the coupon that the price is with."),
});

export function shownQuote({ id, expiresAt, price, couponCode }: Quote): z.infer<typeof quoteSchema> {
  const inCurrency = (amount: number) => money(amount, price.currency);
  return {
    id,
    expiresAt: new Date(expiresAt).toISOString(),
    currency: price.currency,
    items: price.items.map((item) => ({
      sku: item.sku,
      quantity: item.quantity,
      unitPrice: inCurrency(item.unitPrice),
      subtotal: inCurrency(item.subtotal),
      discount: inCurrency(item.discount),
      tax: inCurrency(item.tax),
      total: inCurrency(item.total),
    })),
    subtotal: inCurrency(price.subtotal),
    discount: inCurrency(price.discount),
    shipping: inCurrency(price.shipping),
    tax: inCurrency(price.tax),
    total: inCurrency(price.total),
    ...(couponCode === null ? {} : { coupon: couponCode }),
  };
}
