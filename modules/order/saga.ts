/**
 * The order saga, read from top to bottom: what each step asks, what moves it on, what refuses it, what undoes it, and
 * how long it may take. Before the pivot a refusal undoes the steps before it, last first; a deadline or a cancel undoes
 * everything asked for. After the pivot only a cancel does, until the parcel has left; all else is retried. How an order
 * moves along this table: advance.ts; how it is undone: undoing.ts.
 */
import { deliveryEvents as delivery } from "../delivery/contract.ts";
import { inventoryEvents as inventory } from "../inventory/contract.ts";
import { paymentEvents as payment } from "../payment/contract.ts";
import { pricingEvents as pricing } from "../pricing/contract.ts";
import { capture, overdue, placement, returnWindow, shipment } from "./deadlines.ts";
import type { Stage } from "./order.ts";
import * as send from "./saga-messages.ts";
import { answer, answeredBy, refusedBy, type Step, stoppedBy, undoneBy } from "./step.ts";

/** An operator may have given back a part before. */
const nothingIsLeft = ({ refunded, captured }: { refunded: number; captured: number }) => refunded === captured;

export const saga: readonly Step[] = [
  {
    // Priced, the coupon held, committed as PENDING (placing.ts). What cannot be priced is a 422 and no order.
    name: "1. place",
    during: null,
    undo: undoneBy("coupon", send.releaseCoupon, pricing.CouponReleased),
  },
  {
    name: "2. reserve all lines or none",
    during: "PENDING",
    asks: [send.reserveStock],
    moves: [
      answeredBy(inventory.StockReserved, "RESERVED"),
      refusedBy(inventory.StockRefused, ({ shortSkus }) => ({ reason: "out_of_stock", skus: shortSkus })),
    ],
    undo: undoneBy("stock", send.releaseStock, inventory.StockReleased),
    deadline: placement,
    cancellable: true,
  },
  {
    // Without an answer `payment` asks the provider what happened; it never charges blindly.
    name: "3. authorise the exact total",
    during: "RESERVED",
    asks: [send.authorisePayment],
    moves: [
      answeredBy(payment.PaymentAuthorised, "CONFIRMED", {
        recordedAs: { status: "AUTHORISED" },
        pivot: "OrderConfirmed",
      }),
      // payment_declined, payment_timeout or payment_unavailable
      refusedBy(payment.PaymentDeclined, ({ reason, detail }) => ({ reason, detail })),
    ],
    notes: [payment.PaymentActionRequired],
    undo: undoneBy("payment", send.voidPayment, payment.PaymentVoided, answer(payment.PaymentRefunded, nothingIsLeft)),
    deadline: placement,
    cancellable: true,
  },
  // The pivot: from here on the order is sold.
  {
    name: "4. make the stock firm, use the coupon, schedule the shipment",
    during: "CONFIRMED",
    asks: [send.confirmStock, send.useCoupon, send.scheduleShipment],
    tells: [send.orderConfirmed],
    moves: [answeredBy(delivery.ShipmentScheduled, "FULFILLING")],
    undo: undoneBy("shipment", send.cancelShipment, delivery.ShipmentCancelled),
    deadline: shipment,
    cancellable: true,
  },
  {
    name: "5a. wait until carrier or operator want the parcel",
    during: "FULFILLING",
    moves: [answeredBy(delivery.DispatchRequested, "CAPTURING")],
    cancellable: true,
  },
  {
    // `payment` gives up when the authorisation expires; this is for an answer that never comes.
    name: "5b. capture: no parcel leaves before it is paid",
    during: "CAPTURING",
    asks: [send.capturePayment],
    moves: [
      answeredBy(payment.PaymentCaptured, "HANDING_OVER"),
      stoppedBy(payment.PaymentCaptureFailed, ({ reason }) => reason),
    ],
    mayRepeat: true,
    deadline: capture,
    cancellable: true,
  },
  {
    name: "5c. hand the parcel over",
    during: "HANDING_OVER",
    asks: [send.handOverParcel],
    moves: [answeredBy(delivery.ParcelHandedOver, "SHIPPED")],
    mayRepeat: true,
    deadline: overdue,
    cancellable: true,
  },
  {
    name: "6a. deliver",
    during: "SHIPPED",
    asks: [send.shipStock],
    tells: [send.orderShipped],
    moves: [
      answeredBy(delivery.ParcelDelivered, "DELIVERED"),
      answeredBy(delivery.DeliveryFailed, "COMING_BACK", { when: ({ final }) => final }),
    ],
    notes: [delivery.DeliveryFailed],
  },
  {
    name: "6b. wait until it can be returned no more (a return: requests.ts)",
    during: "DELIVERED",
    tells: [send.orderDelivered],
    deadline: returnWindow,
  },
  { name: "6c. done", during: "COMPLETED", tells: [send.orderClosed] },
  {
    name: "7a. an undeliverable parcel comes back",
    during: "COMING_BACK",
    moves: [answeredBy(delivery.ParcelReturned, "GIVING_BACK")],
  },
  {
    name: "7b. restock and refund",
    during: "GIVING_BACK",
    asks: [send.restockReturned, send.refundPayment],
    moves: [answeredBy(payment.PaymentRefunded, "RETURNED", { when: nothingIsLeft })],
    mayRepeat: true,
    deadline: overdue,
  },
  { name: "7c. returned", during: "RETURNED", tells: [send.orderReturned] },
  {
    // Everything asked for is undone, one after the other, unless the parcel turns out to have left.
    name: "8a. cancel",
    during: "CANCEL_PENDING",
    moves: [delivery.ParcelHandedOver, delivery.ShipmentCancelRefused].map((type) =>
      answeredBy(type, "SHIPPED", { recordedAs: { type: "cancel_refused" }, forgetsReason: true }),
    ),
    deadline: overdue,
  },
  { name: "8b. cancelled", during: "CANCELLED", tells: [send.orderCancelled] },
  // Refused: everything asked for is undone, all at once; the customer need not wait for it.
  { name: "9a. rejected", during: "REJECTED", tells: [send.orderRefused("REJECTED")], deadline: overdue },
  { name: "9b. expired", during: "EXPIRED", tells: [send.orderRefused("EXPIRED")], deadline: overdue },
];

/** May come at any time after what it tells of, and changes nothing by itself. */
export const noted = [pricing.CouponUsed, payment.PaymentRefunded, delivery.ShipmentCancelRefused];

const steps = new Map(saga.map((step) => [step.during, step] as const));

/** The step whose answers an order in this stage waits for. */
export function stepDuring(stage: Stage): Step {
  const step = steps.get(stage);
  if (!step) throw new Error(`the saga has no step for ${stage}`);
  return step;
}
