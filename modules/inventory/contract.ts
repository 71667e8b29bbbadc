/** All that other modules may know of `inventory`. Commands and events are keyed by order id. */
import * as z from "zod";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";

export const inventoryCommands = defineCommands("inventory", {
  /** Reserve all lines or none. */
  ReserveStock: z.object({ lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })) }),
  /** Make the reservation firm: it is kept until it is shipped or released. */
  ConfirmStock: z.object({}),
  ReleaseStock: z.object({}),
});

export const inventoryEvents = defineEvents("inventory", {
  StockReserved: z.object({}),
  StockRefused: z.object({ shortSkus: z.array(z.string()) }),
  StockReleased: z.object({}),
});
