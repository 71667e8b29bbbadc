import * as z from "zod";
import { pageOf, pageQuery, pageRequest } from "../../runtime/http/paging.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { skuSchema } from "../pricing/contract.ts";
import { DEFAULT_WAREHOUSE } from "./stock.ts";
import {
  ADJUSTED,
  presentMovements,
  presentStock,
  requestAdjustment,
  requestPolicy,
  type StockDeps,
} from "./stock-request.ts";
import {
  movementSchema,
  newAdjustmentExample,
  newAdjustmentSchema,
  policyExample,
  policySchema,
  shownMovement,
  shownPolicy,
  shownStock,
  stockSchema,
} from "./stock-schema.ts";

const stockPath = z.strictObject({ sku: skuSchema });
/** Ids rise in the order in which a process made them. */
const movementCursor = z.tuple([z.uuid()]);

const unknown = { description: "No such SKU." };
const notAllowed = { description: "The stock does not allow it; the problem's detail says why." };

export const inventoryRoutes: readonly Route<StockDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/inventory/{sku}",
    rights: { callers: "anyone", object: "shared" },
    tag: "inventory",
    summary: "Stock of a SKU",
    description:
      "An order takes from the warehouse that has most available first (ties: by name), so that few parcels are needed. Available is on hand less reserved; it is below 0 only of what is sold on backorder.",
    params: stockPath,
    responses: {
      200: { description: "Units on hand, reserved and available, in all and by warehouse.", schema: stockSchema },
      404: unknown,
    },
    handle: async ({ params }, deps: StockDeps) => ({
      status: 200,
      body: shownStock(await presentStock(deps, params.sku)),
    }),
  }),
  route({
    method: "POST",
    path: "/api/v1/inventory/{sku}/adjustments",
    rights: { callers: "operators", scope: "inventory:write", object: "shared" },
    tag: "inventory",
    summary: "Book units in or out",
    description: `Into a warehouse that has had none of the SKU, too: it is opened; so is the stock of a product that is new in the catalogue. Never below zero, nor below what is reserved for orders; a SKU on backorder may owe more than it has. Without \`warehouse\`: ${DEFAULT_WAREHOUSE}.`,
    params: stockPath,
    idempotency: "accepted",
    body: newAdjustmentSchema,
    bodyExample: newAdjustmentExample,
    responses: {
      [ADJUSTED]: { description: "The movement that it has made.", schema: movementSchema },
      404: unknown,
      409: notAllowed,
    },
    async handle({ params: { sku }, body, idempotency: claim, traceparent, operator }, deps: StockDeps) {
      const { delta, warehouse = DEFAULT_WAREHOUSE, reason } = body;
      const asked = { claim, traceparent, operator };
      const movement = await requestAdjustment(deps, { sku, warehouse, delta, reason }, asked);
      return { status: ADJUSTED, body: shownMovement(movement) };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/inventory/{sku}/movements",
    rights: { callers: "operators", scope: "inventory:read", object: "shared" },
    tag: "inventory",
    summary: "All that changed the stock of a SKU, the oldest first",
    description: "The initial stock included: summed up they give what is on hand and what is reserved.",
    params: stockPath,
    query: z.strictObject(pageQuery),
    responses: {
      200: { description: "A page of movements.", schema: pageOf(movementSchema) },
      404: unknown,
    },
    async handle(request, deps: StockDeps) {
      const page = pageRequest(request, movementCursor);
      const found = await presentMovements(deps, request.params.sku, page.after?.[0] ?? null, page.limit + 1);
      return page.reply(found, ({ id }) => [id], shownMovement);
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/inventory/{sku}/policy",
    rights: { callers: "operators", scope: "inventory:read", object: "shared" },
    tag: "inventory",
    summary: "How a SKU is sold",
    params: stockPath,
    responses: { 200: { description: "Its policy.", schema: policySchema }, 404: unknown },
    handle: async ({ params }, deps: StockDeps) => ({
      status: 200,
      body: shownPolicy(await presentStock(deps, params.sku)),
    }),
  }),
  route({
    method: "PUT",
    path: "/api/v1/inventory/{sku}/policy",
    rights: { callers: "operators", scope: "inventory:write", object: "shared" },
    tag: "inventory",
    summary: "Say how a SKU is sold",
    description:
      "The stock of a product that has had none yet is opened by it, without a unit: adjustments bring them. `backorder` ends only when nothing is owed any more. When what is available falls under `lowStockThreshold`, LowStock is told once, and again after it has recovered.",
    params: stockPath,
    body: policySchema,
    bodyExample: policyExample,
    responses: {
      200: { description: "Its policy from now on.", schema: policySchema },
      201: { description: "The product had no stock; it has a policy, and no unit.", schema: policySchema },
      404: unknown,
      409: notAllowed,
    },
    async handle({ params: { sku }, body, traceparent, operator }, deps: StockDeps) {
      const { policy, opened } = await requestPolicy(deps, { sku, ...body }, { traceparent, operator });
      return { status: opened ? 201 : 200, body: shownPolicy(policy) };
    },
  }),
];
