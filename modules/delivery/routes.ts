import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { decodeCursor, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { addressSchema } from "./contract.ts";
import { type Shipment, shipmentStatuses } from "./shipment.ts";
import { present, requestStep, type StepDeps, TAKEN, unknownDelivery } from "./step-request.ts";
import { type DeliveryStep, deliverySteps } from "./steps.ts";
import { findByOrder } from "./store.ts";

/** What the routes of deliveries work with. */
export interface DeliveryRouteDeps extends StepDeps {
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

const isVisible = (principal: Principal, { customerId }: Shipment) =>
  principal.role === "operator" || customerId === principal.subject;

/** An order has one shipment, so its list never has a second page. */
const noCursor = z.tuple([z.never()]);

const deliveryPath = z.strictObject({ id: z.uuid() });

const stepTexts: Readonly<Record<DeliveryStep, { readonly summary: string; readonly description: string }>> = {
  dispatch: {
    summary: "Ask for a parcel's dispatch",
    description:
      "The parcel leaves as soon as its payment is captured; until then the delivery stays SCHEDULED. Asked again, nothing changes.",
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
    access: "operator",
    scope: "delivery:write",
    tag: "delivery",
    ...stepTexts[step],
    params: deliveryPath,
    idempotency: "accepted",
    body: z.strictObject({}).optional(),
    responses: {
      [TAKEN]: { description: "The delivery as it stands now.", schema: deliverySchema },
      404: { description: "There is no such delivery." },
      409: { description: "The delivery's status does not allow this step; the detail names those that it does." },
    },
    async handle({ params, idempotency, traceparent }, deps: DeliveryRouteDeps) {
      const shipment = await requestStep(deps, { id: params.id, step, claim: idempotency, traceparent });
      return { status: TAKEN, body: shown(shipment) };
    },
  });

export const deliveryRoutes: readonly Route<DeliveryRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/deliveries",
    access: "authenticated",
    scope: "delivery:read",
    tag: "delivery",
    summary: "Deliveries of an order",
    description: "A customer sees those of own orders; of any other order the list is empty.",
    query: z.strictObject({ orderId: z.uuid(), ...pageQuery }),
    responses: { 200: { description: "The order's deliveries.", schema: pageOf(deliverySchema) } },
    async handle({ query, principal }, { database }: DeliveryRouteDeps) {
      decodeCursor(noCursor, query.cursor);
      const shipment = await findByOrder(database, query.orderId);
      const items = shipment && isVisible(principal, shipment) ? [shown(shipment)] : [];
      return { status: 200, body: { items, nextCursor: null } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/deliveries/{id}",
    access: "authenticated",
    scope: "delivery:read",
    tag: "delivery",
    summary: "Read a delivery",
    params: deliveryPath,
    responses: {
      200: { description: "The delivery.", schema: deliverySchema },
      404: { description: "There is no such delivery, or it is somebody else's." },
    },
    async handle({ params, principal }, deps: DeliveryRouteDeps) {
      const shipment = await present(deps, params.id);
      if (!isVisible(principal, shipment)) throw unknownDelivery(params.id);
      return { status: 200, body: shown(shipment) };
    },
  }),
  ...deliverySteps.map(stepRoute),
];
