import * as z from "zod";
import { createGroupedWork } from "../../runtime/database/grouped-work.ts";
import type { Database } from "../../runtime/database/port.ts";
import { etag } from "../../runtime/http/etag.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../../runtime/http/paging.ts";
import { ProblemError, problem } from "../../runtime/http/problem.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import type { Principal } from "../../runtime/identity/principal.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import { historyEntrySchema, newOrderExample, newOrderSchema, orderSchema, shownHistory, shownOrder } from "./api.ts";
import type { Order } from "./order.ts";
import { type PlacingDeps, place } from "./placing.ts";
import { historyOf, ordersOf, readHistory, readOrders } from "./store.ts";

const orderPath = z.object({ id: z.uuid() });

/** Reads orders as committed; requests that come together share a statement. */
export function orderReader(database: Database) {
  return createGroupedWork(async (ids: readonly string[]): Promise<(Stored<Order> | undefined)[]> => {
    const found = ordersOf(await database.query(readOrders([...new Set(ids)].sort())));
    return ids.map((id) => found.get(id));
  });
}

/** What the routes of orders work with. */
export interface OrderRouteDeps extends PlacingDeps {
  readonly database: Database;
}

/** A stranger's order looks like one that does not exist. */
async function visible({ find }: OrderRouteDeps, id: string, principal: Principal): Promise<Stored<Order>> {
  const stored = await find(id.toLowerCase());
  if (stored && (principal.role === "operator" || stored.state.customerId === principal.subject)) return stored;
  throw new ProblemError(problem("not-found", `There is no order ${id}.`));
}

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
];
