/** A product as the API shows it. */
import * as z from "zod";
import { moneySchema } from "../../runtime/money.ts";
import { SKU_PATTERN } from "./basket.ts";
import { taxClasses } from "./store.ts";

export const skuSchema = z
  .string()
  .regex(SKU_PATTERN, "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
  .meta({ example: "SKU-001" });

export const productSchema = z.strictObject({
  sku: skuSchema,
  name: z.string(),
  prices: z.array(moneySchema),
  taxClass: z.enum(taxClasses),
  weightGrams: z.int().nonnegative(),
  version: z.int().positive(),
});
