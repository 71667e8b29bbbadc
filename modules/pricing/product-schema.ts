/** A product as the API takes and shows it. */
import * as z from "zod";
import { line } from "../../runtime/http/typed-line.ts";
import { currencySchema, minorUnitsSchema, moneySchema } from "../../runtime/money.ts";
import { skuSchema } from "./contract.ts";
import { taxClasses } from "./tax.ts";

export const productSchema = z.strictObject({
  sku: skuSchema,
  name: z.string(),
  prices: z.array(moneySchema),
  taxClass: z.enum(taxClasses),
  weightGrams: z.int().nonnegative(),
  version: z.int().positive(),
});

/** A product as an operator sends it; its SKU is in the path. */
export const newProductSchema = z.strictObject({
  name: line(200),
  prices: z
    .array(z.strictObject({ amount: minorUnitsSchema, currency: currencySchema }))
    .min(1)
    .max(200)
    .refine((prices) => new Set(prices.map(({ currency }) => currency)).size === prices.length, {
      message: "must hold one price a currency",
    })
    .describe("One a currency; it is sold in no other."),
  taxClass: z.enum(taxClasses),
  weightGrams: z.int().min(0).max(2_147_483_647),
});

export const newProductExample: z.infer<typeof newProductSchema> = {
  name: "Alishan Oolong Tea, 150 g",
  prices: [
    { amount: 1890, currency: "USD" },
    { amount: 59_900, currency: "TWD" },
  ],
  taxClass: "reduced",
  weightGrams: 180,
};
