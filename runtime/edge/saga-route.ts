import * as z from "zod";
import { stuckOrders } from "../../modules/order/contract.ts";
import { decodeCursor, encodeCursor, PAGE_LIMIT, pageOf, pageQuery } from "../http/paging.ts";
import { ProblemError, problem } from "../http/problem.ts";
import { type Route, route } from "../http/route.ts";
import { type RpcClient, RpcUnavailable } from "../rpc/port.ts";

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
    access: "operator",
    scope: "ops:read",
    tag: "ops",
    summary: "Orders that need attention",
    description: "The oldest first. `POST /api/v1/orders/{id}/resolve` takes care of one.",
    query: z.strictObject({ stuck: z.literal("true").describe("Those in NEEDS_ATTENTION."), ...pageQuery }),
    responses: { 200: { description: "A page of orders.", schema: pageOf(sagaSchema) } },
    async handle({ query }) {
      const [after] = decodeCursor(z.tuple([z.uuid()]), query.cursor) ?? [null];
      const limit = query.limit ?? PAGE_LIMIT;
      const { items } = await rpc
        .call(stuckOrders, { after, limit: limit + 1 }, { timeoutMs: TIMEOUT_MS })
        .catch((error: unknown) => {
          if (!(error instanceof RpcUnavailable)) throw error;
          const detail = "No answer from order. Send the same request again in a few seconds.";
          throw new ProblemError(problem("unavailable", detail), { "retry-after": "2" }, error);
        });
      const page = items.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = items.length > limit && last ? encodeCursor([last.orderId]) : null;
      const shown = page.map((item) => ({ ...item, updatedAt: new Date(item.updatedAt).toISOString() }));
      return { status: 200, body: { items: shown, nextCursor } };
    },
  });
