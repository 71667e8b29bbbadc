/** All that other modules may know of `delivery`. Commands and events are keyed by order id. */
import * as z from "zod";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";

export const addressSchema = z.object({
  name: z.string(),
  line1: z.string(),
  line2: z.string().optional(),
  city: z.string(),
  region: z.string().optional(),
  postalCode: z.string(),
  country: z.string(),
});

const lineSchema = z.object({ sku: z.string(), quantity: z.int().positive() });

export type Address = z.infer<typeof addressSchema>;

export const deliveryCommands = defineCommands("delivery", {
  ScheduleShipment: z.object({
    customerId: z.string(),
    address: addressSchema,
    lines: z.array(lineSchema),
  }),
});

export const deliveryEvents = defineEvents("delivery", {
  ShipmentScheduled: z.object({ deliveryId: z.string() }),
});

/** What reconcile may know of an order's shipment. */
export const deliveryFacts = defineFacts(
  "delivery",
  z.object({ status: z.string(), lines: z.array(z.object({ sku: z.string(), quantity: z.int() })) }),
);
