/** All that other modules may know of `pricing`: what a basket costs, asked synchronously. */
import * as z from "zod";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";
import { defineRpc } from "../../runtime/rpc/port.ts";

export const quoteLineSchema = z.object({
  sku: z.string(),
  quantity: z.int().positive(),
  unitPrice: minorUnitsSchema,
  subtotal: minorUnitsSchema,
  discount: minorUnitsSchema,
  tax: minorUnitsSchema,
  total: minorUnitsSchema,
});

export type QuoteLine = z.infer<typeof quoteLineSchema>;

/** Prices a basket as it is now. `refused` names the field of the request (a JSON pointer) and why. */
export const priceBasket = defineRpc({
  module: "pricing",
  name: "priceBasket",
  request: z.object({
    currency: currencySchema,
    country: z.string(),
    items: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })),
  }),
  response: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("priced"),
      currency: currencySchema,
      items: z.array(quoteLineSchema),
      subtotal: minorUnitsSchema,
      discount: minorUnitsSchema,
      shipping: minorUnitsSchema,
      tax: minorUnitsSchema,
      total: minorUnitsSchema,
    }),
    z.object({
      kind: z.literal("refused"),
      errors: z.array(
        z.object({
          field: z.string(),
          code: z.enum(["unknown_item", "no_price", "amount_too_large"]),
          message: z.string(),
        }),
      ),
    }),
  ]),
});
