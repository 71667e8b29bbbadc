/** All that other modules may know of `order`: it tells what became of an order, never before CONFIRMED or a refusal. */
import * as z from "zod";
import { defineEvents } from "../../runtime/messages/contract.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";

export const orderEvents = defineEvents("order", {
  OrderConfirmed: z.object({
    customerId: z.string(),
    total: minorUnitsSchema,
    currency: currencySchema,
    /** For notification alone; absent when the customer gave none. */
    email: z.string().optional(),
  }),
  OrderRefused: z.object({
    customerId: z.string(),
    status: z.enum(["REJECTED", "EXPIRED"]),
    reason: z.string(),
    email: z.string().optional(),
  }),
});
