/** What the journeys of prices send, and how they read the answers. */
import { expect } from "bun:test";
import * as z from "zod";
import { type Answer, basket, type Client, problemOf } from "./client.ts";

export const PRICING = "/api/v1/pricing";
export type Body = Readonly<Record<string, unknown>>;

const money = z.object({ amount: z.int().nonnegative(), currency: z.string() });
const amounts = { subtotal: money, discount: money, tax: money, total: money };
export const quoteSchema = z.strictObject({
  id: z.uuid(),
  expiresAt: z.iso.datetime(),
  currency: z.string(),
  items: z.array(z.strictObject({ sku: z.string(), quantity: z.int(), unitPrice: money, ...amounts })),
  ...amounts,
  shipping: money,
  coupon: z.string().optional(),
});

export const write = (
  caller: Client,
  method: "POST" | "PUT",
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
) =>
  caller.send({
    method,
    path: `${PRICING}/${path}`,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

export function parsed<T extends z.ZodType>(answer: Answer, status: number, schema: T): z.infer<T> {
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  return schema.parse(JSON.parse(answer.text));
}

export async function read<T extends z.ZodType>(caller: Client, path: string, schema: T): Promise<z.infer<T>> {
  return parsed(await caller.send({ method: "GET", path: `${PRICING}/${path}` }), 200, schema);
}

export const fieldsOf = (answer: Answer) => (problemOf(answer).errors ?? []).map(({ field }) => field);

export const quoteFor = async (caller: Client, body: Body) =>
  parsed(await write(caller, "POST", "quotes", body), 201, quoteSchema);

/** A product of a journey's own: nobody else's basket is priced by what is done to it. */
export const product = (change: Body = {}) => ({
  name: "A Chair",
  prices: [
    { amount: 10_000, currency: "USD" },
    { amount: 15_000, currency: "JPY" },
  ],
  taxClass: "standard",
  weightGrams: 1_000,
  ...change,
});

/** What a quote is asked for: an order without the way to pay. */
export const asked = (sku: string, quantity = 1, change: Body = {}): Body => {
  const { paymentMethod: _paymentMethod, ...given } = basket({ items: [{ sku, quantity }], ...change });
  return given;
};
export const ordered = (given: Body, change: Body = {}) => ({
  ...given,
  paymentMethod: { token: "tok_visa" },
  ...change,
});
export const to = (country: string) => ({ shippingAddress: { ...basket().shippingAddress, country } });
export const totals = ({ subtotal, discount, shipping, tax, total }: z.infer<typeof quoteSchema>) =>
  [subtotal, discount, shipping, tax, total].map(({ amount }) => amount);
