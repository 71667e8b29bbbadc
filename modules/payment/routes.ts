import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { onlyPage, pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { objectInPath, objectInQuery } from "../../runtime/http/rights.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { webhookRoute } from "../../runtime/http/webhook-route.ts";
import { currencySchema, money, moneySchema } from "../../runtime/money.ts";
import { type SimulatorPageDeps, simulatorPageRoutes } from "./adapters/simulator-page.ts";
import { refunding } from "./manual-refund.ts";
import { type Payment, paymentStatuses } from "./payment.ts";
import { ACCEPTED, type RefundDeps, requestRefund } from "./refund-request.ts";
import { paymentOf, readByOrder } from "./store.ts";
import { eventExample, receiveWebhook, type WebhookDeps } from "./webhooks.ts";

const paymentSchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.enum(paymentStatuses),
  authorised: moneySchema,
  captured: moneySchema,
  refunded: moneySchema,
  refunding: moneySchema.optional().describe("Accepted by manual refunds and not given back yet."),
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
  ...(refunding(payment) === 0 ? {} : { refunding: money(refunding(payment), payment.currency) }),
  ...(payment.detail === null ? {} : { detail: payment.detail }),
  ...(payment.status === "REQUIRES_ACTION" && payment.actionUrl !== null
    ? { nextAction: { url: new URL(payment.actionUrl, base).href } }
    : {}),
  createdAt: new Date(payment.createdAt).toISOString(),
  updatedAt: new Date(payment.updatedAt).toISOString(),
});

/** What the routes of payment work with. */
export interface PaymentRouteDeps extends SimulatorPageDeps, RefundDeps, WebhookDeps {
  readonly database: Database;
}

const ownerOf = ({ customerId }: Payment) => customerId;

const paymentInPath = objectInPath({
  noun: "payment",
  parameter: "id",
  find: (id, { find }: PaymentRouteDeps) => find(id),
  ownerOf,
});

const paymentOfOrder = objectInQuery({
  noun: "order",
  parameter: "orderId",
  find: async (orderId, { database }: PaymentRouteDeps) => paymentOf(await database.query(readByOrder(orderId))),
  ownerOf,
});

const paymentPath = z.strictObject({ id: z.uuid() });

export const paymentRoutes: readonly Route<PaymentRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/payments",
    rights: { callers: "customers and operators", scope: "payment:read", object: paymentOfOrder },
    tag: "payment",
    summary: "Payments of an order",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's payments.", schema: pageOf(paymentSchema) } },
    async handle(request) {
      const page = pageRequest(request, onlyPage);
      const { object: payment, raw } = request;
      return page.replyUpTo(payment ? [shown(payment, raw.url)] : [], null);
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/payments/{id}",
    rights: { callers: "customers and operators", scope: "payment:read", object: paymentInPath },
    tag: "payment",
    summary: "A payment",
    params: paymentPath,
    responses: {
      200: { description: "The payment.", schema: paymentSchema },
      404: { description: "There is no such payment, or it is of somebody else's order." },
    },
    handle: async ({ object, raw }) => ({ status: 200, body: shown(object, raw.url) }),
  }),
  route({
    method: "POST",
    path: "/api/v1/payments/{id}/refunds",
    rights: { callers: "operators", scope: "payment:write", object: "shared" },
    tag: "payment",
    summary: "Give money back",
    description:
      "A part of what was captured or all of it, while the sale stands; the order goes on. What is accepted is carried out, one refund after the other: the answer waits up to two seconds for that, or as long as `Prefer: wait=N` says, and shows what is still under way as `refunding`. A refund that the provider refuses is given up, and `detail` says why.",
    params: paymentPath,
    idempotency: "accepted",
    wait: true,
    body: z.strictObject({ amount: z.strictObject({ amount: z.int().positive(), currency: currencySchema }) }),
    bodyExample: { amount: { amount: 500, currency: "USD" } },
    responses: {
      [ACCEPTED]: { description: "The payment as it stands now.", schema: paymentSchema },
      404: { description: "There is no such payment." },
      409: {
        description: "It is more than what was captured and is not given back; the detail says how much that is.",
      },
      422: { description: "The payment is in another currency." },
    },
    async handle({ params: { id }, body: { amount }, raw, ...request }, deps: PaymentRouteDeps) {
      const { idempotency: claim, traceparent, operator, waitMs, signal } = request;
      const payment = await requestRefund(deps, { id, amount, claim, traceparent, operator, waitMs, signal });
      return { status: ACCEPTED, body: shown(payment, raw.url) };
    },
  }),
  webhookRoute({
    path: "/api/v1/payments/webhooks/{provider}",
    tag: "payment",
    summary: "An event of the payment provider",
    effect: "Whatever it says, it is only a reason to ask the provider.",
    example: eventExample,
    receive: (request, deps: PaymentRouteDeps) => receiveWebhook(deps, request),
  }),
  ...simulatorPageRoutes,
];
