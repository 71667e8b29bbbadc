import * as z from "zod";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { customerFilter } from "../../runtime/http/rights.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { orderSchema, shownOrder } from "./api.ts";
import { orderStatuses } from "./order.ts";
import { listOrders, type OrderPlace } from "./order-list.ts";
import type { OrderRouteDeps } from "./route-deps.ts";

const LATEST_MS = Date.UTC(9999, 11, 31);

const cursorSchema: z.ZodType<OrderPlace> = z.tuple([z.int().min(0).max(LATEST_MS), z.uuid()]).readonly();

const moment = z.iso.datetime().transform(Date.parse).optional();

/** `GET /api/v1/orders`: a customer's own ones, or for operators those of everybody. */
export const listRoute: Route<OrderRouteDeps> = route({
  method: "GET",
  path: "/api/v1/orders",
  rights: { callers: "customers and operators", scope: "order:read", object: customerFilter },
  tag: "order",
  summary: "Orders, the newest first",
  description:
    "A customer sees own orders, an operator those of everybody. A page of a rare status may be short or empty while the list goes on: follow `nextCursor` until it is null.",
  query: z.strictObject({
    status: z.enum(orderStatuses).optional().describe("Only those in this status."),
    customerId: z.string().min(1).max(255).optional().describe("Only those of this customer."),
    createdFrom: moment.describe("Only those placed then or later."),
    createdUntil: moment.describe("Only those placed before."),
    ...pageQuery,
  }),
  responses: {
    200: { description: "A page of orders.", schema: pageOf(orderSchema) },
    404: { description: "The `customerId` is somebody else's." },
  },
  async handle(request, { database }: OrderRouteDeps) {
    const page = pageRequest(request, cursorSchema);
    const { query, object: customerId } = request;
    const filter = {
      customerId,
      status: query.status,
      createdFromMs: query.createdFrom,
      createdUntilMs: query.createdUntil,
    };
    const { items, next } = await listOrders(database, filter, page.after, page.limit);
    return page.replyUpTo(items.map(shownOrder), next);
  },
});
