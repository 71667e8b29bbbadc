import * as z from "zod";
import type { Database } from "../../runtime/database/port.ts";
import { problem } from "../../runtime/http/problem.ts";
import { problemReply } from "../../runtime/http/reply.ts";
import { type Route, route } from "../../runtime/http/route.ts";
import { available } from "./stock.ts";
import { readStock, stockOf } from "./store.ts";

export const skuSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "a SKU is 1 to 64 of A-Z a-z 0-9 . _ -")
  .meta({ example: "SKU-001" });

const figures = { onHand: z.int(), reserved: z.int(), available: z.int() };

const stockSchema = z.strictObject({
  sku: skuSchema,
  ...figures,
  warehouses: z.array(z.strictObject({ warehouse: z.string(), ...figures })),
});

/** What the routes of inventory work with. */
export interface InventoryRouteDeps {
  readonly database: Database;
}

export const inventoryRoutes: readonly Route<InventoryRouteDeps>[] = [
  route({
    method: "GET",
    path: "/api/v1/inventory/{sku}",
    access: "public",
    tag: "inventory",
    summary: "Stock of a SKU",
    params: z.object({ sku: skuSchema }),
    responses: {
      200: { description: "Units on hand, reserved and available, in all and by warehouse.", schema: stockSchema },
      404: { description: "No such SKU." },
    },
    async handle({ params }, { database }: InventoryRouteDeps) {
      const stock = stockOf(await database.query(readStock(params.sku)));
      if (!stock)
        return problemReply(problem("not-found", `There is no stock of ${params.sku}. See /api/v1/pricing/products.`));
      const warehouses = stock.warehouses.map((each) => ({ ...each, available: available(each) }));
      const sum = (figure: "onHand" | "reserved" | "available") =>
        warehouses.reduce((total, warehouse) => total + warehouse[figure], 0);
      return {
        status: 200,
        body: {
          sku: stock.sku,
          onHand: sum("onHand"),
          reserved: sum("reserved"),
          available: sum("available"),
          warehouses,
        },
      };
    },
  }),
];
