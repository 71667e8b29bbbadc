import * as z from "zod";
import { stuckOrders } from "../../modules/order/contract.ts";
import { pageOf, pageQuery, pageRequest } from "../http/paging.ts";
import { type Route, route } from "../http/route.ts";
import type { RpcClient } from "../rpc/port.ts";
import { unavailable } from "./ask-modules.ts";

const TIMEOUT_MS = 5_000;

const sagaSchema = z.strictObject({
  orderId: z.uuid(),
  customerId: z.string(),
  status: z.string(),
  reason: z.string().describe("Why it needs attention."),
  updatedAt: z.iso.datetime(),
});

/** `GET /api/v1/ops/sagas?stuck=true`: orders that go no further until an operator resolves them. */
export const sagaRoute = (rpc: RpcClient): Route =>
  route({
    method: "GET",
    path: "/api/v1/ops/sagas",
    rights: { callers: "operators", scope: "ops:read", object: "shared" },
    tag: "ops",
    summary: "Orders that need attention",
    description: "The oldest first. `POST /api/v1/orders/{id}/resolve` takes care of one.",
    query: z.strictObject({ stuck: z.literal("true").describe("Those in NEEDS_ATTENTION."), ...pageQuery }),
    responses: { 200: { description: "A page of orders.", schema: pageOf(sagaSchema) } },
    async handle(request) {
      const page = pageRequest(request, z.tuple([z.uuid()]));
      const [after] = page.after ?? [null];
      const { items } = await rpc
        .call(stuckOrders, { after, limit: page.limit + 1 }, { timeoutMs: TIMEOUT_MS })
        .catch((error) => unavailable([stuckOrders.module], error));
      return page.reply(
        items,
        ({ orderId }) => [orderId],
        (item) => ({ ...item, updatedAt: new Date(item.updatedAt).toISOString() }),
      );
    },
  });
