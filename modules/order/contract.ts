/** All that other modules may know of `order`: it tells what became of an order, never before CONFIRMED or a refusal. */
import * as z from "zod";
import { defineEvents } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";
import { defineRpc } from "../../runtime/rpc/port.ts";

const recipient = z.object({
  customerId: z.string(),
  /** For notification alone; absent when the customer gave none. */
  email: z.string().optional(),
});

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
  /** The parcel was handed over to the carrier. */
  OrderShipped: recipient,
  OrderDelivered: recipient,
  OrderCancelled: recipient.extend({ reason: z.string() }),
  /** What came back is on sale again, and the money was given back. */
  OrderReturned: recipient,
  /** COMPLETED: the return window is over, and nothing happens to the order any more. */
  OrderClosed: recipient,
});

const lineFacts = z.object({
  sku: z.string(),
  quantity: z.int(),
  subtotal: z.int(),
  discount: z.int(),
  tax: z.int(),
  total: z.int(),
});

/** What reconcile may know of an order. Amounts are in minor units of `currency`. */
export const orderFacts = defineFacts(
  "order",
  z.object({
    status: z.string(),
    /**
     * What the other modules must hold of it, once nothing is under way. `open`: it may still become anything, or waits
     * for an operator; `sold`: past the pivot; `shipped`: its parcel has left; `undone`: refused, expired or cancelled;
     * `returned`: shipped, and back.
     */
    outcome: z.enum(["open", "sold", "shipped", "undone", "returned"]),
    /** Nothing more happens by itself. */
    rests: z.boolean(),
    /** The kind of the one timer that it has; null where it waits for none. Absent: said by an older version. */
    waits: z.string().nullable().optional(),
    /** Milliseconds since the epoch. Absent: said by an older version. */
    placedMs: z.number().optional(),
    /** An operator has settled its money by hand, which the platform could not give back. */
    settledByHand: z.boolean(),
    couponCode: z.string().nullable(),
    currency: z.string(),
    lines: z.array(lineFacts),
    subtotal: z.int(),
    discount: z.int(),
    shipping: z.int(),
    tax: z.int(),
    total: z.int(),
    history: z.object({
      /** As the order counts them. */
      length: z.int(),
      /** Rows there are. */
      entries: z.int(),
      lastSequence: z.int(),
      /** The status that the last entry states; null without entries. */
      lastStatus: z.string().nullable(),
    }),
  }),
);

/** The timer with which a delivered order waits for nobody: while it runs, all books must agree. */
export const RETURN_WINDOW_TIMER = "return-window";

/** Whether an order was placed. One whose coupon was held longer than COUPON_HOLD_MS ago is not placed after a "no". */
export const orderKnown = defineRpc({
  module: "order",
  name: "orderKnown",
  request: z.object({ orderId: z.uuid() }),
  response: z.object({ known: z.boolean() }),
});

/** Orders in NEEDS_ATTENTION, the oldest first: a page of those after an id. */
export const stuckOrders = defineRpc({
  module: "order",
  name: "stuckOrders",
  request: z.object({ after: z.uuid().nullable(), limit: z.int().min(1).max(1000) }),
  response: z.object({
    items: z.array(
      z.object({
        orderId: z.uuid(),
        customerId: z.string(),
        status: z.string(),
        /** Why it needs attention. */
        reason: z.string(),
        /** Milliseconds since the epoch. */
        updatedAt: z.int(),
      }),
    ),
  }),
});

/** Orders that were acknowledged (their idempotency key is still kept) and of which there is no row: a page of keys. */
export const lostOrders = defineRpc({
  module: "order",
  name: "lostOrders",
  request: z.object({ afterScope: z.string().nullable(), limit: z.int().min(1).max(10_000) }),
  /** `lastScope`: where the next page begins; null after the last one. */
  response: z.object({ orderIds: z.array(z.string()), lastScope: z.string().nullable() }),
});
