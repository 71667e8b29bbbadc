import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { decodeCursor, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { money, moneySchema } from "../../runtime/money.ts";
import type { Payment } from "./payment.ts";
import { paymentOf, readByOrder } from "./store.ts";

const paymentSchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.enum(["PENDING", "AUTHORISED", "DECLINED", "VOIDED"]),
  authorised: moneySchema,
  captured: moneySchema,
  refunded: moneySchema,
  detail: z.string().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const shown = (payment: Payment) => ({
  id: payment.id,
  orderId: payment.orderId,
  status: payment.status,
  authorised: money(payment.authorised, payment.currency),
  captured: money(payment.captured, payment.currency),
  refunded: money(payment.refunded, payment.currency),
  ...(payment.detail === null ? {} : { detail: payment.detail }),
  createdAt: new Date(payment.createdAt).toISOString(),
  updatedAt: new Date(payment.updatedAt).toISOString(),
});

/** What the routes of payment work with. */
export interface PaymentRouteDeps {
  readonly database: Database;
}

export const paymentRoutes: readonly Route<PaymentRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/payments",
    access: "authenticated",
    scope: "payment:read",
    tag: "payment",
    summary: "Payments of an order",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's payments.", schema: pageOf(paymentSchema) } },
    async handle({ query, principal }, { database }: PaymentRouteDeps) {
      decodeCursor(z.tuple([z.never()]), query.cursor);
      const payment = paymentOf(await database.query(readByOrder(query.orderId)));
      const visible = payment && (principal.role === "operator" || payment.customerId === principal.subject);
      return { status: 200, body: { items: visible ? [shown(payment)] : [], nextCursor: null } };
    },
  }),
];
