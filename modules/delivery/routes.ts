import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { decodeCursor, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { problem } from "../../runtime/http/problem.ts";
import { problemReply } from "../../runtime/http/reply.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import { addressSchema } from "./contract.ts";
import { type Shipment, shipmentStatuses } from "./shipment.ts";
import { findById, findByOrder } from "./store.ts";

const deliverySchema = z.strictObject({
  id: z.uuid(),
  orderId: z.uuid(),
  status: z.enum(shipmentStatuses),
  address: addressSchema,
  lines: z.array(z.strictObject({ sku: z.string(), quantity: z.int().positive() })),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const shown = ({ id, orderId, status, address, lines, createdAt, updatedAt }: Shipment) => ({
  id,
  orderId,
  status,
  address,
  lines,
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
});

/** What a stranger asks for looks exactly like what does not exist. */
const visibleTo = (principal: Principal, shipment: Shipment | undefined): Shipment | undefined =>
  principal.role === "operator" || shipment?.customerId === principal.subject ? shipment : undefined;

/** An order has one shipment, so its list never has a second page. */
const noCursor = z.tuple([z.never()]);

interface Deps {
  readonly database: Database;
}

export const deliveryRoutes: readonly Route<Deps>[] = [
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
    async handle({ query, principal }, { database }: Deps) {
      decodeCursor(noCursor, query.cursor);
      const shipment = visibleTo(principal, await findByOrder(database, query.orderId));
      return { status: 200, body: { items: shipment ? [shown(shipment)] : [], nextCursor: null } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/deliveries/{id}",
    access: "authenticated",
    scope: "delivery:read",
    tag: "delivery",
    summary: "Read a delivery",
    params: z.strictObject({ id: z.uuid() }),
    responses: { 200: { description: "The delivery.", schema: deliverySchema } },
    async handle({ params, principal }, { database }: Deps) {
      const shipment = visibleTo(principal, await findById(database, params.id));
      if (!shipment) return problemReply(problem("not-found", `There is no delivery ${params.id}.`));
      return { status: 200, body: shown(shipment) };
    },
  }),
];
