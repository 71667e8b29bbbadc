import { etag } from "../../runtime/http/etag.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { newOrderExample, newOrderSchema, orderSchema, shownOrder } from "./api.ts";
import { historyRoutes } from "./history-routes.ts";
import { listRoute } from "./list-route.ts";
import { place } from "./placing.ts";
import { requestRoutes } from "./request-routes.ts";
import { type OrderRouteDeps, orderInPath, orderPath } from "./route-deps.ts";

export const orderRoutes: readonly Route<OrderRouteDeps>[] = [
  route({
    method: "POST",
    path: "/api/v1/orders",
    rights: { callers: "customers", object: "own" },
    tag: "order",
    summary: "Place an order",
    description:
      "Price, items and address are frozen. The answer is the order as it stands; with `Prefer: wait=N` it is held until the order is confirmed or refused, or N seconds have passed.",
    idempotency: "required",
    wait: true,
    beginsWork: true,
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
    handle: ({ body, principal, idempotency: claim, waitMs, signal, traceparent, begun }, deps: OrderRouteDeps) =>
      place(deps, { customerId: principal.subject, order: body, claim, waitMs, signal, traceparent, begun }),
  }),
  route({
    method: "GET",
    path: "/api/v1/orders/{id}",
    rights: { callers: "customers and operators", scope: "order:read", object: orderInPath },
    tag: "order",
    summary: "An order",
    params: orderPath,
    responses: {
      200: { description: "The order.", schema: orderSchema, headers: { ETag: "Changes with every version." } },
      404: { description: "There is no such order, or it is somebody else's." },
    },
    handle: async ({ object: stored }) => ({
      status: 200,
      body: shownOrder(stored),
      headers: { etag: etag(stored.version) },
    }),
  }),
  listRoute,
  ...historyRoutes,
  ...requestRoutes,
];
