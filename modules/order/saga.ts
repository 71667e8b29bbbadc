/**
 * The order saga, read from top to bottom: what each step asks, what moves it on, what refuses it, what undoes it.
 *
 * Before the pivot a refusal undoes the steps before it, last first, and the order is REJECTED; when the deadline
 * passes, everything asked for is undone and the order is EXPIRED. After the pivot there is no way back: what is asked
 * is retried until it is done. How an order moves along this table: advance.ts.
 */
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import {
  authorisePayment,
  confirmStock,
  orderConfirmed,
  releaseStock,
  reserveStock,
  scheduleShipment,
  voidPayment,
} from "./saga-messages.ts";
import { answeredBy, recorded, refusedBy, type Step } from "./step.ts";

/** Counted from placement to the pivot; how long is configuration (PLACEMENT_DEADLINE_MS, 30 minutes). */
export const deadline = { ends: "EXPIRED", reason: "deadline_passed", recordedAs: "OrderExpired" } as const;

export const saga: readonly Step[] = [
  // 1. Place: priced by `pricing` and committed as PENDING (placing.ts). What cannot be priced is a 422 and no order.
  {
    name: "2. reserve all lines or none",
    during: "PENDING",
    asks: [reserveStock],
    succeeds: answeredBy(inventoryEvents.StockReserved, "RESERVED"),
    fails: refusedBy(inventoryEvents.StockRefused, ({ shortSkus }) => ({ reason: "out_of_stock", skus: shortSkus })),
    undo: [releaseStock],
    undone: recorded(inventoryEvents.StockReleased),
  },
  {
    // Without an answer `payment` asks the provider what happened; it never charges blindly (payment/payment.ts).
    name: "3. authorise the exact total",
    during: "RESERVED",
    asks: [authorisePayment],
    succeeds: answeredBy(paymentEvents.PaymentAuthorised, "CONFIRMED", {
      recordedAs: "AUTHORISED",
      pivot: "OrderConfirmed",
    }),
    // payment_declined, payment_timeout or payment_unavailable
    fails: refusedBy(paymentEvents.PaymentDeclined, ({ reason, detail }) => ({ reason, detail })),
    undo: [voidPayment],
    undone: recorded(paymentEvents.PaymentVoided),
  },
  // The pivot: from here on the order is sold, and only retried.
  {
    name: "4. make the stock firm, schedule the shipment",
    during: "CONFIRMED",
    asks: [confirmStock, scheduleShipment],
    tells: [orderConfirmed],
    succeeds: answeredBy(deliveryEvents.ShipmentScheduled, "FULFILLING"),
  },
];
