import * as z from "zod";
import { addressSchema, givenAddressSchema } from "../../runtime/address.ts";
import type { Database } from "../../runtime/database/port.ts";
import { onlyPage, pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { objectInPath, objectInQuery } from "../../runtime/http/rights.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { webhookRoute } from "../../runtime/http/webhook-route.ts";
import { requestAddressChange } from "./address-change.ts";
import type { Shipment } from "./shipment.ts";
import { shipmentStatuses } from "./status.ts";
import { requestStep, TAKEN } from "./step-request.ts";
import { type DeliveryStep, deliverySteps } from "./steps.ts";
import { findByOrder } from "./store.ts";
import { eventExample, receiveWebhook, type WebhookDeps } from "./webhooks.ts";

/** What the routes of deliveries work with. */
export interface DeliveryRouteDeps extends WebhookDeps {
  readonly database: Database;
}

const deliveryStatus = z.enum(shipmentStatuses);

const deliverySchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  status: deliveryStatus,
  address: addressSchema,
  lines: z.array(z.strictObject({ sku: z.string(), quantity: z.int().positive() })),
  dispatchAskedAt: z.iso
    .datetime()
    .optional()
    .describe("Since when the carrier or an operator want to take the parcel. It leaves as soon as it is paid for."),
  history: z
    .array(z.strictObject({ status: deliveryStatus, at: z.iso.datetime() }))
    .describe("Each status that it came to, the first one first."),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const instant = (ms: number) => new Date(ms).toISOString();

const shown = (shipment: Shipment): z.infer<typeof deliverySchema> => ({
  id: shipment.id,
  orderId: shipment.orderId,
  status: shipment.status,
  address: shipment.address,
  lines: [...shipment.lines],
  ...(shipment.dispatchAskedAt === null ? {} : { dispatchAskedAt: instant(shipment.dispatchAskedAt) }),
  history: shipment.history.map(({ status, at }) => ({ status, at: instant(at) })),
  createdAt: instant(shipment.createdAt),
  updatedAt: instant(shipment.updatedAt),
});

const ownerOf = ({ customerId }: Shipment) => customerId;

const deliveryInPath = objectInPath({
  noun: "delivery",
  parameter: "id",
  find: (id, { find }: DeliveryRouteDeps) => find(id),
  ownerOf,
});

const deliveryOfOrder = objectInQuery({
  noun: "order",
  parameter: "orderId",
  find: (orderId, { database }: DeliveryRouteDeps) => findByOrder(database, orderId),
  ownerOf,
});

const deliveryPath = z.strictObject({ id: z.uuid() });

const stepTexts: Readonly<Record<DeliveryStep, { readonly summary: string; readonly description: string }>> = {
  dispatch: {
    summary: "Ask for a parcel's dispatch",
    description:
      "The parcel leaves as soon as its payment is captured; until then the delivery stays SCHEDULED, and to ask again reminds the order. Once it has left, nothing changes.",
  },
  deliver: {
    summary: "Report that a parcel was delivered",
    description: "Legal once a dispatch was asked for; while the hand-over is awaited it happens right after that.",
  },
  fail: {
    summary: "Report that a parcel could not be delivered",
    description:
      "Legal once a dispatch was asked for; while the hand-over is awaited it happens right after that. After the third attempt the parcel comes back.",
  },
};

const stepRoute = (step: DeliveryStep) =>
  route({
    method: "POST",
    path: `/api/v1/deliveries/{id}/${step}`,
    rights: { callers: "operators", scope: "delivery:write", object: "shared" },
    tag: "delivery",
    ...stepTexts[step],
    params: deliveryPath,
    idempotency: "accepted",
    body: z.strictObject({}).optional(),
    bodyExample: {},
    responses: {
      [TAKEN]: { description: "The delivery as it stands now.", schema: deliverySchema },
      404: { description: "There is no such delivery." },
      409: { description: "The delivery's status does not allow this step; the detail names those that it does." },
    },
    async handle({ params, idempotency, traceparent, operator }, deps: DeliveryRouteDeps) {
      const shipment = await requestStep(deps, { id: params.id, step, claim: idempotency, traceparent, operator });
      return { status: TAKEN, body: shown(shipment) };
    },
  });

export const deliveryRoutes: readonly Route<DeliveryRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/deliveries",
    rights: { callers: "customers and operators", scope: "delivery:read", object: deliveryOfOrder },
    tag: "delivery",
    summary: "Deliveries of an order",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's deliveries.", schema: pageOf(deliverySchema) } },
    async handle(request) {
      const page = pageRequest(request, onlyPage);
      return page.replyUpTo(request.object ? [shown(request.object)] : [], null);
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/deliveries/{id}",
    rights: { callers: "customers and operators", scope: "delivery:read", object: deliveryInPath },
    tag: "delivery",
    summary: "Read a delivery",
    params: deliveryPath,
    responses: {
      200: { description: "The delivery.", schema: deliverySchema },
      404: { description: "There is no such delivery, or it is somebody else's." },
    },
    handle: async ({ object }) => ({ status: 200, body: shown(object) }),
  }),
  route({
    method: "PUT",
    path: "/api/v1/deliveries/{id}/address",
    rights: { callers: "customers and operators", scope: "delivery:write", object: deliveryInPath },
    tag: "delivery",
    summary: "Send a parcel elsewhere",
    description:
      "Until its dispatch is asked for, and within its country: tax and shipping were paid for that. The order keeps the address that it was placed with.",
    params: deliveryPath,
    body: givenAddressSchema,
    bodyExample: {
      name: "Alice Chen",
      line1: "2 Side Street",
      city: "Seattle",
      region: "WA",
      postalCode: "98102",
      country: "US",
    },
    responses: {
      200: { description: "The delivery with its new address.", schema: deliverySchema },
      404: { description: "There is no such delivery, or it is somebody else's." },
      409: { description: "It is too late: the dispatch was asked for, or the delivery was cancelled." },
      422: { description: "The address is in another country." },
    },
    handle: async ({ object, body: address, traceparent, operator }, deps: DeliveryRouteDeps) => ({
      status: 200,
      body: shown(await requestAddressChange(deps, object, { address, traceparent, operator })),
    }),
  }),
  webhookRoute({
    path: "/api/v1/deliveries/webhooks/{carrier}",
    tag: "delivery",
    summary: "An event of the carrier",
    effect:
      "`type` is parcel.pickup_requested, parcel.in_transit, parcel.delivery_failed, parcel.delivered or parcel.returned; `attempt` (1 to 3) is the attempt to deliver that it is about. What must have happened before happens with it, what is behind the parcel changes nothing, and no parcel leaves before it is paid.",
    example: eventExample,
    receive: (request, deps: DeliveryRouteDeps) => receiveWebhook(deps, request),
  }),
  ...deliverySteps.map(stepRoute),
];
