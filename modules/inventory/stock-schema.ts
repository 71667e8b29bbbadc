/** The shapes of the stock API. */
import * as z from "zod";
import { line } from "../../runtime/http/typed-line.ts";
import { codeSchema, skuSchema } from "../pricing/contract.ts";
import { type Movement, movementTypes } from "./movement.ts";
import { available, DEFAULT_LOW_STOCK_THRESHOLD, DEFAULT_WAREHOUSE, type SkuStock, type StockPolicy } from "./stock.ts";

const warehouseSchema = codeSchema("warehouse").meta({ example: DEFAULT_WAREHOUSE });

const figures = { onHand: z.int(), reserved: z.int(), available: z.int() };

export const stockSchema = z.strictObject({
  sku: skuSchema,
  ...figures,
  warehouses: z.array(z.strictObject({ warehouse: warehouseSchema, ...figures })),
});

/** The stock as it is shown: in all, and by warehouse. */
export function shownStock({ sku, warehouses }: SkuStock): z.infer<typeof stockSchema> {
  const shown = warehouses.map((each) => ({ ...each, available: available(each) }));
  const sum = (figure: "onHand" | "reserved" | "available") =>
    shown.reduce((total, warehouse) => total + warehouse[figure], 0);
  return { sku, onHand: sum("onHand"), reserved: sum("reserved"), available: sum("available"), warehouses: shown };
}

/** Units that one adjustment may move. */
const MOST_AT_ONCE = 1_000_000;

export const newAdjustmentSchema = z.strictObject({
  delta: z
    .int()
    .min(-MOST_AT_ONCE)
    .max(MOST_AT_ONCE)
    .refine((delta) => delta !== 0, "must not be 0")
    .describe("Units that come in; negative: that leave.")
    // The check above, for readers of the document.
    .meta({ not: { const: 0 }, example: 20 }),
  warehouse: warehouseSchema.optional().describe(`${DEFAULT_WAREHOUSE} when left out.`),
  reason: line(500).describe("Stands in the movement, for whoever reads the ledger.").meta({ example: "counted" }),
});
export const newAdjustmentExample = { delta: 20, reason: "delivery of the supplier" };

export const movementSchema = z.strictObject({
  id: z.uuid(),
  sku: skuSchema,
  warehouse: warehouseSchema,
  type: z.enum(movementTypes),
  onHandDelta: z.int(),
  reservedDelta: z.int(),
  at: z.iso.datetime(),
  orderId: z.uuid().optional(),
  reason: z.string().optional(),
});

/** A movement as it is shown. */
export const shownMovement = ({ at, orderId, reason, ...movement }: Movement): z.infer<typeof movementSchema> => ({
  ...movement,
  at: new Date(at).toISOString(),
  ...(orderId === null ? {} : { orderId }),
  ...(reason === null ? {} : { reason }),
});

export const policySchema = z.strictObject({
  backorder: z.boolean().describe("Whether it is sold though it is not there. What is available may then be below 0."),
  lowStockThreshold: z
    .int()
    .min(0)
    .max(1_000_000)
    .describe(`Fewer available units are low stock; ${DEFAULT_LOW_STOCK_THRESHOLD} unless it is set, 0 for never.`),
});
export const policyExample = { backorder: false, lowStockThreshold: 25 };

export const shownPolicy = ({ backorder, lowStockThreshold }: StockPolicy): z.infer<typeof policySchema> => ({
  backorder,
  lowStockThreshold,
});
