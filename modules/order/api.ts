/** The shapes of the order API: what a request may hold and what an order looks like from outside. */
import * as z from "zod";
import { addressExample } from "../../runtime/address.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import { currencySchema, money, moneySchema } from "../../runtime/money.ts";
import { basketFields, skuSchema } from "../pricing/contract.ts";
import { type HistoryEntry, type Order, orderStatuses } from "./order.ts";

export const newOrderSchema = z.strictObject({
  ...basketFields,
  quoteId: z
    .uuid()
    .optional()
    .describe("A quote of the same customer, items, currency, coupon and address: its price holds, until it expires."),
  paymentMethod: z.strictObject({
    token: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, "must be 1 to 255 of A-Z a-z 0-9 _ -, such as tok_visa"),
  }),
  email: z.email().max(254).optional(),
});

export type NewOrder = z.infer<typeof newOrderSchema>;

export const newOrderExample: NewOrder = {
  currency: "USD",
  items: [{ sku: "SKU-001", quantity: 2 }],
  shippingAddress: addressExample,
  paymentMethod: { token: "tok_visa" },
  email: "alice@example.com",
};

export const orderSchema = z.strictObject({
  id: z.uuid(),
  customerId: z.string(),
  status: z.enum(orderStatuses),
  reason: z.string().optional(),
  currency: currencySchema,
  items: z.array(
    z.strictObject({
      sku: skuSchema,
      quantity: z.int(),
      unitPrice: moneySchema,
      subtotal: moneySchema,
      discount: moneySchema,
      tax: moneySchema,
      total: moneySchema,
    }),
  ),
  subtotal: moneySchema,
  discount: moneySchema,
  shipping: moneySchema,
  tax: moneySchema,
  total: moneySchema,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});

export const historyEntrySchema = z.strictObject({
  sequence: z.int().positive(),
  type: z.string(),
  at: z.iso.datetime(),
  data: z.looseObject({ status: z.string() }),
});

export const historyEntryExample = {
  sequence: 4,
  type: "OrderConfirmed",
  at: "2026-01-31T12:00:00.000Z",
  data: { status: "CONFIRMED" },
};

/** What an operator must look at stands before why the order ended. */
function reasonOf({ attention, reason }: Order) {
  const shown = attention ?? reason;
  return shown === null ? {} : { reason: shown };
}

/** An order as the API shows it. Address and payment token stay inside. */
export function shownOrder({ state, version }: Pick<Stored<Order>, "state" | "version">): z.infer<typeof orderSchema> {
  const inCurrency = (amount: number) => money(amount, state.currency);
  return {
    id: state.id,
    customerId: state.customerId,
    status: state.status,
    ...reasonOf(state),
    currency: state.currency,
    items: state.items.map((item) => ({
      sku: item.sku,
      quantity: item.quantity,
      unitPrice: inCurrency(item.unitPrice),
      subtotal: inCurrency(item.subtotal),
      discount: inCurrency(item.discount),
      tax: inCurrency(item.tax),
      total: inCurrency(item.total),
    })),
    subtotal: inCurrency(state.subtotal),
    discount: inCurrency(state.discount),
    shipping: inCurrency(state.shipping),
    tax: inCurrency(state.tax),
    total: inCurrency(state.total),
    createdAt: new Date(state.createdAt).toISOString(),
    updatedAt: new Date(state.updatedAt).toISOString(),
    version,
  };
}

export const shownHistory = ({ sequence, type, at, data }: HistoryEntry) => ({
  sequence,
  type,
  at: new Date(at).toISOString(),
  data,
});
