/** The saga's stories, each read from its placement to its end. */
import { expect, test } from "bun:test";
import { deliveryEvents as delivery } from "../delivery/contract.ts";
import { inventoryEvents as inventory } from "../inventory/contract.ts";
import { paymentEvents as payment } from "../payment/contract.ts";
import { pricingEvents as pricing } from "../pricing/contract.ts";
import { newOrder } from "./order.fixture.ts";
import { cancelOrder, resolveOrder, returnOrder } from "./requests.ts";
import { deadlines, refundOf, storyOf } from "./saga.fixture.ts";

const usd = { amount: newOrder.total, currency: "USD" };
const withCoupon = { ...newOrder, couponCode: "WELCOME10" };

/** An order whose parcel waits for its carrier. */
function sold() {
  const order = storyOf(withCoupon);
  order.placed().is("PENDING", "ReserveStock");
  order.waits("placement-deadline", deadlines.placementMs);
  order.on(inventory.StockReserved).is("RESERVED", "AuthorisePayment");
  order.waits("placement-deadline", deadlines.placementMs);
  const sale = ["ConfirmStock", "UseCoupon", "ScheduleShipment", "OrderConfirmed"];
  order.on(payment.PaymentAuthorised, usd).is("CONFIRMED", ...sale);
  order.waits("shipment-deadline", deadlines.shipmentMs);
  order.on(pricing.CouponUsed).is("CONFIRMED");
  order.on(delivery.ShipmentScheduled, { deliveryId: "d" }).is("FULFILLING");
  order.waitsForNoTimer();
  return order;
}

/** An order that is paid, and whose parcel has left. */
function shipped() {
  const order = sold();
  order.on(delivery.DispatchRequested).is("FULFILLING", "CapturePayment");
  order.waits("capture-deadline", deadlines.authorisationMs);
  order.on(payment.PaymentCaptured, usd).is("FULFILLING", "HandOverParcel");
  order.waits("overdue", deadlines.compensationMs);
  order.on(delivery.ParcelHandedOver).is("SHIPPED", "ShipStock", "OrderShipped");
  order.waitsForNoTimer();
  return order;
}

test("an order that nobody refuses is paid before its parcel leaves, and closed when it can be returned no more", () => {
  const order = shipped();
  order.on(delivery.ParcelDelivered).is("DELIVERED", "OrderDelivered");
  order.waits("return-window", deadlines.returnWindowMs);
  order.timeIsOver().is("COMPLETED", "OrderClosed");
  order.waitsForNoTimer();
});

test("what is out of stock is refused, and only the coupon is to be undone", () => {
  const order = storyOf(withCoupon);
  order.placed().is("PENDING", "ReserveStock");
  order.on(inventory.StockRefused, { shortSkus: ["SKU-001"] }).is("REJECTED", "ReleaseCoupon", "OrderRefused");
  order.waits("overdue", deadlines.compensationMs);
  order.on(pricing.CouponReleased).is("REJECTED");
  order.waitsForNoTimer();
});

test("a declined payment undoes what came before it, last first", () => {
  const order = storyOf(withCoupon);
  order.placed().is("PENDING", "ReserveStock");
  order.on(inventory.StockReserved).is("RESERVED", "AuthorisePayment");
  const undone = ["ReleaseStock", "ReleaseCoupon", "OrderRefused"];
  order.on(payment.PaymentDeclined, { reason: "payment_declined", detail: "no" }).is("REJECTED", ...undone);
});

test("an order that comes to no sale in time undoes all it has asked for; what is not undone needs attention", () => {
  const order = storyOf();
  order.placed().is("PENDING", "ReserveStock");
  order.on(inventory.StockReserved).is("RESERVED", "AuthorisePayment");
  order.timeIsOver().is("EXPIRED", "VoidPayment", "ReleaseStock", "OrderRefused");
  order.waits("overdue", deadlines.compensationMs);
  order.on(inventory.StockReleased).is("EXPIRED");
  order.timeIsOver().is("NEEDS_ATTENTION");
  order.waitsForNoTimer();
  order.on(payment.PaymentVoided).is("EXPIRED");
  expect(order.now()).toMatchObject({ attention: null, reason: "deadline_passed", undoing: [] });
});

test("a parcel that cannot be delivered comes back, is restocked and refunded", () => {
  const order = shipped();
  order.on(delivery.DeliveryFailed, { attempt: 1, final: false }).is("SHIPPED");
  order.on(delivery.DeliveryFailed, { attempt: 3, final: true }).is("RETURNING");
  order.waitsForNoTimer();
  order.on(delivery.ParcelReturned).is("RETURNING", "RestockReturned", "RefundPayment");
  order.waits("overdue", deadlines.compensationMs);
  order.on(payment.PaymentRefunded, refundOf(1)).is("RETURNING");
  order.on(payment.PaymentRefunded, refundOf(newOrder.total)).is("RETURNED", "OrderReturned");
  order.waitsForNoTimer();
});

test("a delivered order is taken back as long as its window is open", () => {
  const order = shipped();
  order.on(delivery.ParcelDelivered).is("DELIVERED", "OrderDelivered");
  const asked = { by: "customer", reason: "too small" } as const;
  order.ask(returnOrder(deadlines), asked).is("RETURNING", "RestockReturned", "RefundPayment");
  order.waits("overdue", deadlines.compensationMs);
});

test("a cancel undoes one step after the other, the last first", () => {
  const order = sold();
  order.ask(cancelOrder(deadlines), { by: "customer" }).is("CANCEL_PENDING", "CancelShipment");
  order.waits("overdue", deadlines.compensationMs);
  order.on(delivery.ShipmentCancelled).is("CANCEL_PENDING", "VoidPayment");
  order.on(payment.PaymentVoided).is("CANCEL_PENDING", "ReleaseStock");
  order.on(inventory.StockReleased).is("CANCEL_PENDING", "ReleaseCoupon");
  order.on(pricing.CouponReleased).is("CANCELLED", "OrderCancelled");
  order.waitsForNoTimer();
});

test("a cancel that finds that the parcel has left changes nothing", () => {
  const order = sold();
  order.on(delivery.DispatchRequested).is("FULFILLING", "CapturePayment");
  order.on(payment.PaymentCaptured, usd).is("FULFILLING", "HandOverParcel");
  order.ask(cancelOrder(deadlines), { by: "customer" }).is("CANCEL_PENDING", "CancelShipment");
  order.on(delivery.ParcelHandedOver).is("SHIPPED", "ShipStock", "OrderShipped");
  order.on(delivery.ShipmentCancelRefused).is("SHIPPED");
  order.waitsForNoTimer();
  expect(order.now()).toMatchObject({ reason: null, undoing: [] });
});

test("a capture that is refused stops the order until an operator decides, or it works after all", () => {
  const order = sold();
  order.on(delivery.DispatchRequested).is("FULFILLING", "CapturePayment");
  order.on(payment.PaymentCaptureFailed, { reason: "capture_refused" }).is("NEEDS_ATTENTION");
  order.waitsForNoTimer();
  order.ask(resolveOrder(deadlines), { action: "retry", reason: "seen" }).is("FULFILLING", "CapturePayment");
  order.waits("capture-deadline", deadlines.authorisationMs);
  order.on(payment.PaymentCaptureFailed, { reason: "capture_refused" }).is("NEEDS_ATTENTION");
  order.on(payment.PaymentCaptured, usd).is("FULFILLING", "HandOverParcel");
});
