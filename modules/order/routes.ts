import * as z from "zod";
import { etag } from "../../runtime/http/etag.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { historyEntrySchema, newOrderExample, newOrderSchema, orderSchema, shownHistory, shownOrder } from "./api.ts";
import { place } from "./placing.ts";
import { requestRoutes } from "./request-routes.ts";
import { historyOf, readHistory } from "./store.ts";
import { type OrderRouteDeps, orderPath, visible } from "./visible.ts";

export const orderRoutes: readonly Route<OrderRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/orders",
    access: "customer",
    tag: "order",
    summary: "Place an order",
    description:
      "Price, items and address are frozen. The answer is the order as it stands; with `Prefer: wait=N` it is held until the order is confirmed or refused, or N seconds have passed.",
    idempotency: "required",
    wait: true,
    body: newOrderSchema,
    bodyExample: newOrderExample,
    responses: {
      201: {
        description: "The order, placed once for this Idempotency-Key.",
        schema: orderSchema,
        headers: { Location: "Where the order is." },
      },
      422: { description: "An item, price, coupon or quote that does not exist." },
    },
    handle: ({ body, principal, idempotency, waitMs, traceparent }, deps: OrderRouteDeps) =>
      place(deps, { customerId: principal.subject, order: body, claim: idempotency, waitMs, traceparent }),
  }),
  route({
    method: "GET",
    path: "/api/v1/orders/{id}",
    access: "authenticated",
    scope: "order:read",
    tag: "order",
    summary: "An order",
    params: orderPath,
    responses: {
      200: { description: "The order.", schema: orderSchema, headers: { ETag: "Changes with every version." } },
      404: { description: "There is no such order, or it is somebody else's." },
    },
    async handle({ params, principal }, deps: OrderRouteDeps) {
      const stored = await visible(deps, params.id, principal);
      return { status: 200, body: shownOrder(stored), headers: { etag: etag(stored.version) } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/orders/{id}/history",
    access: "authenticated",
    scope: "order:read",
    tag: "order",
    summary: "What happened to an order",
    params: orderPath,
    query: z.strictObject(pageQuery),
    responses: {
      200: {
        description: "Events in order, from sequence 1; data.status is the state after the event.",
        schema: pageOf(historyEntrySchema),
      },
      404: { description: "There is no such order, or it is somebody else's." },
    },
    async handle({ params, query, principal }, deps: OrderRouteDeps) {
      await visible(deps, params.id, principal);
      const [after] = decodeCursor(z.tuple([z.int().nonnegative()]), query.cursor) ?? [0];
      const limit = query.limit ?? PAGE_LIMIT;
      const entries = historyOf(await deps.database.query(readHistory(params.id, after, limit + 1)));
      const page = entries.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = entries.length > limit && last ? encodeCursor([last.sequence]) : null;
      return { status: 200, body: { items: page.map(shownHistory), nextCursor } };
    },
  }),
  ...requestRoutes,
];
