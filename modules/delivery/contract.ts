/** All that other modules may know of `delivery`. Commands and events are keyed by order id. */
import * as z from "zod";
import { addressSchema } from "../../runtime/address.ts";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";

const lineSchema = z.object({ sku: z.string(), quantity: z.int().positive() });

export const deliveryCommands = defineCommands("delivery", {
  ScheduleShipment: z.object({
    customerId: z.string(),
    address: addressSchema,
    lines: z.array(lineSchema),
  }),
  /** Refused once the parcel was handed over. */
  CancelShipment: z.object({}),
  /** It is paid for: the parcel may leave. */
  HandOverParcel: z.object({}),
});

export const deliveryEvents = defineEvents("delivery", {
  ShipmentScheduled: z.object({ deliveryId: z.string() }),
  ShipmentCancelled: z.object({}),
  /** The parcel has left; ParcelHandedOver came before. */
  ShipmentCancelRefused: z.object({}),
  /** Carrier or operator want to take the parcel: it waits for HandOverParcel. */
  DispatchRequested: z.object({}),
  ParcelHandedOver: z.object({}),
  ParcelDelivered: z.object({}),
  /** `final`: no further attempt, the parcel comes back. */
  DeliveryFailed: z.object({ attempt: z.int().positive(), final: z.boolean() }),
  /** A parcel that could not be delivered is back in the warehouse. */
  ParcelReturned: z.object({}),
});

/** The timer with which a parcel waits for its carrier: while it runs, all books must agree. */
export const CARRIER_TIMER = "carrier";

/** What reconcile may know of an order's shipment. */
export const deliveryFacts = defineFacts(
  "delivery",
  z.object({
    status: z.string(),
    /** Dispatch was asked for, and `order` has not let the parcel go. */
    awaitsHandOver: z.boolean().default(false),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  }),
);
