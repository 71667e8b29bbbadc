import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { decodeCursor, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { problem } from "../../runtime/http/problem.ts";
import { problemReply } from "../../runtime/http/reply.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { money, moneySchema } from "../../runtime/money.ts";
import { type SimulatorPageDeps, simulatorPageRoutes } from "./adapters/simulator-page.ts";
import { type Payment, paymentStatuses } from "./payment.ts";
import { paymentOf, readById, readByOrder } from "./store.ts";

const paymentSchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.enum(paymentStatuses),
  authorised: moneySchema,
  captured: moneySchema,
  refunded: moneySchema,
  detail: z.string().optional(),
  /** While it is REQUIRES_ACTION: where its customer completes it. */
  nextAction: z.strictObject({ url: z.url() }).optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

/** `base`: the address that the caller has used; a provider's page of our own is told by its path alone. */
const shown = (payment: Payment, base: string) => ({
  id: payment.id,
  orderId: payment.orderId,
  status: payment.status,
  authorised: money(payment.authorised, payment.currency),
  captured: money(payment.captured, payment.currency),
  refunded: money(payment.refunded, payment.currency),
  ...(payment.detail === null ? {} : { detail: payment.detail }),
  ...(payment.status === "REQUIRES_ACTION" && payment.actionUrl !== null
    ? { nextAction: { url: new URL(payment.actionUrl, base).href } }
    : {}),
  createdAt: new Date(payment.createdAt).toISOString(),
  updatedAt: new Date(payment.updatedAt).toISOString(),
});

/** What the routes of payment work with. */
export interface PaymentRouteDeps extends SimulatorPageDeps {
  readonly database: Database;
}

/** What a stranger asks for looks exactly like what does not exist. */
const visibleTo = (principal: Principal, payment: Payment | undefined): Payment | undefined =>
  principal.role === "operator" || payment?.customerId === principal.subject ? payment : undefined;

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
    async handle({ query, principal, raw }, { database }: PaymentRouteDeps) {
      decodeCursor(z.tuple([z.never()]), query.cursor);
      const payment = visibleTo(principal, paymentOf(await database.query(readByOrder(query.orderId))));
      return { status: 200, body: { items: payment ? [shown(payment, raw.url)] : [], nextCursor: null } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/payments/{id}",
    access: "authenticated",
    scope: "payment:read",
    tag: "payment",
    summary: "A payment",
    params: z.strictObject({ id: z.uuid() }),
    responses: {
      200: { description: "The payment.", schema: paymentSchema },
      404: { description: "There is no such payment, or it is of somebody else's order." },
    },
    async handle({ params, principal, raw }, { database }: PaymentRouteDeps) {
      const payment = visibleTo(principal, paymentOf(await database.query(readById(params.id))));
      if (!payment) return problemReply(problem("not-found", `There is no payment ${params.id}.`));
      return { status: 200, body: shown(payment, raw.url) };
    },
  }),
  ...simulatorPageRoutes,
];
