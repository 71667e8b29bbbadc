/**
 * The order saga, read from top to bottom: what each step asks, what moves it on, what refuses it, what undoes it, and
 * how long it may take. Before the pivot a refusal undoes the steps before it, last first; a deadline or a cancel undoes
 * everything asked for. After the pivot only a cancel does, until the parcel has left; all else is retried. What a step
 * tells, `notification` passes on to the customer; no order waits for that. How an order moves along this table:
 * advance.ts; how it is undone: undoing.ts.
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

/** By the stage in which a step's answers are waited for; PLACING is over before there is an order. */
export const saga: Readonly<Record<"PLACING" | Stage, Step>> = {
  PLACING: {
    // Priced, the coupon held, committed as PENDING (placing.ts). What cannot be priced is a 422 and no order.
    name: "1. place",
    undo: undoneBy("coupon", send.releaseCoupon, pricing.CouponReleased),
  },
  PENDING: {
    name: "2. reserve all lines or none",
    asks: [send.reserveStock],
    moves: [
      answeredBy(inventory.StockReserved, "RESERVED"),
      refusedBy(inventory.StockRefused, ({ shortSkus }) => ({ reason: "out_of_stock", skus: shortSkus })),
    ],
    undo: undoneBy("stock", send.releaseStock, inventory.StockReleased),
    deadline: placement,
  },
  RESERVED: {
    // Without an answer `payment` asks the provider what happened; it never charges blindly.
    name: "3. authorise the exact total",
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
  },
  // The pivot: from here on the order is sold.
  CONFIRMED: {
    name: "4. make the stock firm, use the coupon, schedule the shipment",
    asks: [send.confirmStock, send.useCoupon, send.scheduleShipment],
    tells: [send.orderConfirmed],
    moves: [answeredBy(delivery.ShipmentScheduled, "FULFILLING")],
    undo: undoneBy("shipment", send.cancelShipment, delivery.ShipmentCancelled),
    deadline: shipment,
  },
  FULFILLING: {
    name: "5a. wait until carrier or operator want the parcel",
    moves: [answeredBy(delivery.DispatchRequested, "CAPTURING")],
    mayRepeat: true,
  },
  CAPTURING: {
    // `payment` gives up when the authorisation expires; this is for an answer that never comes.
    name: "5b. capture: no parcel leaves before it is paid",
    asks: [send.capturePayment],
    moves: [
      answeredBy(payment.PaymentCaptured, "HANDING_OVER"),
      stoppedBy(payment.PaymentCaptureFailed, ({ reason }) => reason),
    ],
    mayRepeat: true,
    deadline: capture,
  },
  HANDING_OVER: {
    name: "5c. hand the parcel over",
    asks: [send.handOverParcel],
    moves: [answeredBy(delivery.ParcelHandedOver, "SHIPPED")],
    mayRepeat: true,
    deadline: overdue,
  },
  SHIPPED: {
    name: "6a. deliver",
    asks: [send.shipStock],
    tells: [send.orderShipped],
    moves: [
      answeredBy(delivery.ParcelDelivered, "DELIVERED"),
      answeredBy(delivery.DeliveryFailed, "COMING_BACK", { when: ({ final }) => final }),
    ],
    notes: [delivery.DeliveryFailed],
  },
  DELIVERED: {
    name: "6b. wait until it can be returned no more (a return: requests.ts)",
    tells: [send.orderDelivered],
    deadline: returnWindow,
  },
  COMPLETED: { name: "6c. done", tells: [send.orderClosed] },
  COMING_BACK: {
    name: "7a. an undeliverable parcel comes back",
    moves: [answeredBy(delivery.ParcelReturned, "GIVING_BACK")],
  },
  GIVING_BACK: {
    name: "7b. restock and refund",
    asks: [send.restockReturned, send.refundPayment],
    moves: [answeredBy(payment.PaymentRefunded, "RETURNED", { when: nothingIsLeft })],
    mayRepeat: true,
    deadline: overdue,
  },
  RETURNED: { name: "7c. returned", tells: [send.orderReturned] },
  CANCEL_PENDING: {
    // Everything asked for is undone, one after the other, unless the parcel turns out to have left.
    name: "8a. cancel",
    moves: [delivery.ParcelHandedOver, delivery.ShipmentCancelRefused].map((type) =>
      answeredBy(type, "SHIPPED", { recordedAs: { type: "cancel_refused" } }),
    ),
    deadline: overdue,
  },
  CANCELLED: { name: "8b. cancelled", tells: [send.orderCancelled] },
  // Refused: everything asked for is undone, all at once; the customer need not wait for it.
  REJECTED: { name: "9a. rejected", tells: [send.orderRefused("REJECTED")], deadline: overdue },
  EXPIRED: { name: "9b. expired", tells: [send.orderRefused("EXPIRED")], deadline: overdue },
};

/** May come at any time after what it tells of, and changes nothing by itself. */
export const noted = [pricing.CouponUsed, payment.PaymentRefunded, delivery.ShipmentCancelRefused];

export const steps: readonly Step[] = Object.values(saga);

/** What was asked for before the step of this stage. */
export const stepsBefore = (stage: Stage) => steps.slice(0, steps.indexOf(saga[stage]));

/** The same and that step: all that an order in this stage may have asked for. */
export const stepsUpTo = (stage: Stage) => [...stepsBefore(stage), saga[stage]];
