/** All that other modules may know of `inventory`. Commands and events are keyed by order id. */
import * as z from "zod";
import { defineCommands, defineEvents, defineEventsAbout } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";
import { defineRpc } from "../../runtime/rpc/port.ts";

export const inventoryCommands = defineCommands("inventory", {
  /** Reserve all lines or none. */
  ReserveStock: z.object({ lines: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })) }),
  /** Make the reservation firm: it is kept until it is shipped or released. */
  ConfirmStock: z.object({}),
  ReleaseStock: z.object({}),
  /** The parcel was handed over: what it held leaves the stock. */
  ShipStock: z.object({}),
  /** The parcel is back: its units go on sale again where they came from. */
  RestockReturned: z.object({}),
});

export const inventoryEvents = defineEvents("inventory", {
  StockReserved: z.object({}),
  StockRefused: z.object({ shortSkus: z.array(z.string()) }),
  StockReleased: z.object({}),
});

/** Keyed by SKU. */
export const lowStockEvents = defineEventsAbout("inventory", "low-stock", {
  /** Fewer than `threshold` units are available. Not told again before there have been that many. */
  LowStock: z.object({ sku: z.string(), available: z.int(), threshold: z.int() }),
});

/** What reconcile may know of an order's reservation. */
export const inventoryFacts = defineFacts(
  "inventory",
  z.object({
    status: z.enum(["HELD", "FIRM", "RELEASED", "REFUSED", "SHIPPED", "RETURNED"]),
    allocations: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  }),
);

const stockPosition = z.object({
  sku: z.string(),
  warehouse: z.string(),
  /** Null: there is no stock row, though something has moved. */
  figures: z
    .object({
      onHand: z.int(),
      reserved: z.int(),
      /** More may be reserved and shipped than is on hand. */
      backorder: z.boolean().default(false),
    })
    .nullable(),
  /** What the movements sum up to. */
  moved: z.object({ onHand: z.int(), reserved: z.int() }),
  /** Units that open reservations hold here. */
  held: z.int(),
  /** Units that left from here with parcels and have not come back, by the reservations. Absent: as `brought`. */
  shipped: z.int().optional(),
  /** Units that were here at first or came and went by adjustments, by the movements. Absent: said by an older version. */
  brought: z.int().optional(),
});

/** Every SKU's figures beside what explains them; each page is read at one moment. */
export const stockFacts = defineRpc({
  module: "inventory",
  name: "stockFacts",
  request: z.object({ afterSku: z.string().nullable(), skus: z.int().min(1).max(1000) }),
  response: z.object({ items: z.array(stockPosition), lastSku: z.string().nullable() }),
});
