import { describe, expect, test } from "bun:test";
import type { Decision } from "../../runtime/messages/decision.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { pricingEvents } from "../pricing/contract.ts";
import { begin } from "./advance.ts";
import { newOrder } from "./order.fixture.ts";
import { type Order, type Stage, transitions } from "./order.ts";
import { deadlines, fire, moment, NOW, ordersByStage, receive, refundOf, stateOf } from "./saga.fixture.ts";
import { saga } from "./saga.ts";
import { deadlineOf } from "./timers.ts";

const sent = (decision: Decision<Order>) => decision.messages?.map(({ type }) => type);
const told = (decision: Decision<Order>) => decision.entries?.map(({ row }) => [row.type, row.data]);
const usd = { amount: newOrder.total, currency: "USD" };

const at = ordersByStage();
const withCoupon = ordersByStage({ ...newOrder, couponCode: "WELCOME10" });
const stopped = stateOf(receive(at.CAPTURING, paymentEvents.PaymentCaptureFailed, { reason: "capture_refused" }));

describe("the straight way", () => {
  test("placing asks for stock and sets the deadline", () => {
    const decision = begin(newOrder, moment);
    expect(sent(decision)).toEqual(["ReserveStock"]);
    expect(decision.setTimers).toEqual([{ kind: "placement-deadline", dueMs: NOW + deadlines.placementMs }]);
    expect(told(decision)).toEqual([["OrderPlaced", { status: "PENDING" }]]);
  });

  test("both steps before the pivot have one deadline, and the pivot ends it", () => {
    const reserves = receive(at.PENDING, inventoryEvents.StockReserved, {});
    expect([reserves.setTimers, reserves.cancelTimers, sent(reserves)]).toEqual([[], [], ["AuthorisePayment"]]);
    const pivot = receive(at.RESERVED, paymentEvents.PaymentAuthorised, usd);
    expect(told(pivot)).toEqual([
      ["PaymentAuthorised", { ...usd, status: "AUTHORISED" }],
      ["OrderConfirmed", { status: "CONFIRMED" }],
    ]);
    expect(pivot.cancelTimers).toEqual(["placement-deadline"]);
    expect(pivot.setTimers).toEqual([{ kind: "shipment-deadline", dueMs: NOW + deadlines.shipmentMs }]);
    expect(sent(pivot)).toEqual(["ConfirmStock", "ScheduleShipment", "OrderConfirmed"]);
  });

  test("no parcel leaves before it is paid, and what is captured is handed over", () => {
    expect(sent(receive(at.FULFILLING, deliveryEvents.DispatchRequested, {}))).toEqual(["CapturePayment"]);
    expect(sent(receive(at.CAPTURING, paymentEvents.PaymentCaptured, usd))).toEqual(["HandOverParcel"]);
    const ships = receive(at.HANDING_OVER, deliveryEvents.ParcelHandedOver, {});
    expect(sent(ships)).toEqual(["ShipStock", "OrderShipped"]);
    expect([at.CAPTURING.status, at.HANDING_OVER.status, at.SHIPPED.status]).toEqual([
      "FULFILLING",
      "FULFILLING",
      "SHIPPED",
    ]);
  });

  test("delivered, then closed when its return window is over", () => {
    const delivers = receive(at.SHIPPED, deliveryEvents.ParcelDelivered, {});
    expect(sent(delivers)).toEqual(["OrderDelivered"]);
    expect(delivers.setTimers).toEqual([{ kind: "return-window", dueMs: NOW + deadlines.returnWindowMs }]);
    const closes = fire(at.DELIVERED, "return-window");
    expect([stateOf(closes).status, sent(closes)]).toEqual(["COMPLETED", ["OrderClosed"]]);
  });

  test("an undeliverable parcel comes back, is restocked and refunded", () => {
    const once = receive(at.SHIPPED, deliveryEvents.DeliveryFailed, { attempt: 1, final: false });
    expect(stateOf(once).status).toBe("SHIPPED");
    expect(told(once)).toEqual([["DeliveryFailed", { attempt: 1, final: false, status: "SHIPPED" }]]);
    expect([at.COMING_BACK.status, deadlineOf(at.COMING_BACK)]).toEqual(["RETURNING", undefined]);
    const back = receive(at.COMING_BACK, deliveryEvents.ParcelReturned, {});
    expect([stateOf(back).status, sent(back)]).toEqual(["RETURNING", ["RestockReturned", "RefundPayment"]]);
    const returns = receive(at.GIVING_BACK, paymentEvents.PaymentRefunded, refundOf(newOrder.total));
    expect([stateOf(returns).status, sent(returns), returns.cancelTimers]).toEqual([
      "RETURNED",
      ["OrderReturned"],
      ["overdue"],
    ]);
  });

  test("a part that an operator gave back before is no refund of the order", () => {
    const part = receive(at.GIVING_BACK, paymentEvents.PaymentRefunded, refundOf(1));
    expect(stateOf(part).stage).toBe("GIVING_BACK");
    expect(told(part)).toEqual([["PaymentRefunded", { ...refundOf(1), status: "RETURNING" }]]);
  });

  test("the address goes to delivery alone and the e-mail to nobody but order.events", () => {
    const all = [
      begin(newOrder, moment),
      receive(at.RESERVED, paymentEvents.PaymentAuthorised, usd),
      receive(at.HANDING_OVER, deliveryEvents.ParcelHandedOver, {}),
      receive(at.SHIPPED, deliveryEvents.ParcelDelivered, {}),
    ].flatMap(({ messages = [] }) => messages);
    expect(all.filter(({ data }) => data.includes("1 Main")).map(({ type }) => type)).toEqual(["ScheduleShipment"]);
    expect(all.filter(({ data }) => data.includes("alice@example.com")).map(({ type }) => type)).toEqual([
      "OrderConfirmed",
      "OrderShipped",
      "OrderDelivered",
    ]);
  });

  test("a coupon is used when the order is sold", () => {
    const pivot = receive(withCoupon.RESERVED, paymentEvents.PaymentAuthorised, usd);
    expect(sent(pivot)).toEqual(["ConfirmStock", "UseCoupon", "ScheduleShipment", "OrderConfirmed"]);
    expect(stateOf(receive(withCoupon.FULFILLING, pricingEvents.CouponUsed, {})).stage).toBe("FULFILLING");
  });
});

describe("refusals", () => {
  test("out of stock: REJECTED, and there is nothing to undo", () => {
    const decision = receive(at.PENDING, inventoryEvents.StockRefused, { shortSkus: ["SKU-001"] });
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "out_of_stock", undoing: [] });
    expect(sent(decision)).toEqual(["OrderRefused"]);
    expect([decision.cancelTimers, decision.setTimers]).toEqual([["placement-deadline"], []]);
  });

  test("payment declined: the stock is released, and the coupon where there is one", () => {
    const answer = { reason: "payment_declined", detail: "no" } as const;
    const decision = receive(at.RESERVED, paymentEvents.PaymentDeclined, answer);
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "payment_declined", undoing: ["stock"] });
    expect(sent(decision)).toEqual(["ReleaseStock", "OrderRefused"]);
    expect(told(decision)).toEqual([["PaymentDeclined", { status: "REJECTED", ...answer }]]);
    const coupon = receive(withCoupon.RESERVED, paymentEvents.PaymentDeclined, answer);
    expect(sent(coupon)).toEqual(["ReleaseStock", "ReleaseCoupon", "OrderRefused"]);
  });

  test.each([
    ["PENDING", ["ReleaseStock", "OrderRefused"]],
    ["RESERVED", ["VoidPayment", "ReleaseStock", "OrderRefused"]],
  ] as const)("the deadline in %s undoes everything asked for, last first", (stage, undo) => {
    const decision = fire(at[stage], "placement-deadline");
    expect(stateOf(decision).status).toBe("EXPIRED");
    expect(sent(decision)).toEqual([...undo]);
    expect(decision.setTimers).toEqual([{ kind: "overdue", dueMs: NOW + deadlines.compensationMs }]);
  });

  test("an answer that comes after the end is written down and changes nothing", () => {
    const expired = stateOf(fire(at.RESERVED, "placement-deadline"));
    const late = receive(expired, paymentEvents.PaymentAuthorised, usd);
    expect([stateOf(late).status, late.messages]).toEqual(["EXPIRED", undefined]);
    expect(told(late)).toEqual([["PaymentAuthorised", { ...usd, status: "EXPIRED", late: true }]]);
  });

  test("what is to be undone is counted down, and its deadline ends with the last", () => {
    const expired = stateOf(fire(at.RESERVED, "placement-deadline"));
    const first = receive(expired, inventoryEvents.StockReleased, {});
    expect([stateOf(first).undoing, first.cancelTimers]).toEqual([["payment"], []]);
    const second = receive(stateOf(first), paymentEvents.PaymentVoided, {});
    expect([stateOf(second).undoing, second.cancelTimers]).toEqual([[], ["overdue"]]);
    expect(stateOf(second).status).toBe("EXPIRED");
  });

  test("what is not undone in time needs attention, until the answer comes after all", () => {
    const expired = stateOf(fire(at.RESERVED, "placement-deadline"));
    const overdue = fire(stateOf(receive(expired, inventoryEvents.StockReleased, {})), "overdue");
    expect(stateOf(overdue)).toMatchObject({ status: "NEEDS_ATTENTION", attention: "overdue", stage: "EXPIRED" });
    expect(overdue.setTimers).toEqual([]);
    const undone = receive(stateOf(overdue), paymentEvents.PaymentVoided, {});
    expect(stateOf(undone)).toMatchObject({ status: "EXPIRED", attention: null, reason: "deadline_passed" });
  });

  test("a capture that fails stops the order, and one that works after all goes on", () => {
    expect(stopped).toMatchObject({ status: "NEEDS_ATTENTION", attention: "capture_refused", stage: "CAPTURING" });
    const refused = receive(at.CAPTURING, paymentEvents.PaymentCaptureFailed, { reason: "capture_refused" });
    expect([refused.cancelTimers, refused.setTimers]).toEqual([["capture-deadline"], []]);
    const again = receive(stopped, paymentEvents.PaymentCaptured, usd);
    expect([stateOf(again).stage, stateOf(again).attention]).toEqual(["HANDING_OVER", null]);
  });

  test("a capture that nobody answers needs attention", () => {
    expect(stateOf(fire(at.CAPTURING, "capture-deadline"))).toMatchObject({ attention: "capture_overdue" });
  });

  test("a shipment that nobody schedules is cancelled after a day", () => {
    const decision = fire(at.CONFIRMED, "shipment-deadline");
    expect(stateOf(decision)).toMatchObject({ status: "CANCEL_PENDING", reason: "shipment_not_scheduled" });
    expect(sent(decision)).toEqual(["CancelShipment"]);
  });

  test("a customer who must act is told where, and the order waits", () => {
    const decision = receive(at.RESERVED, paymentEvents.PaymentActionRequired, { url: "http://bank" });
    expect(stateOf(decision).status).toBe("RESERVED");
    expect(told(decision)).toEqual([["PaymentActionRequired", { url: "http://bank", status: "RESERVED" }]]);
  });
});

describe("what cannot be", () => {
  test("an answer that does not fit throws, it is never ignored", () => {
    expect(() => receive(at.CONFIRMED, inventoryEvents.StockReserved, {})).toThrow("does not fit");
    expect(() => receive(at.PENDING, deliveryEvents.ShipmentScheduled, { deliveryId: "d" })).toThrow("does not fit");
    expect(() => receive(at.SHIPPED, inventoryEvents.StockReleased, {})).toThrow("does not fit");
    expect(() => fire(at.CONFIRMED, "placement-deadline")).toThrow("does not fit");
    expect(() => fire(at.SHIPPED, "overdue")).toThrow("does not fit");
  });

  test("a second answer of a step that may be asked again is written down", () => {
    const again = receive(at.SHIPPED, deliveryEvents.ParcelHandedOver, {});
    expect(told(again)).toEqual([["ParcelHandedOver", { status: "SHIPPED", late: true }]]);
  });

  test("every step moves along a legal transition, every stage has its step and is reached", () => {
    const stages = Object.keys(transitions) as Stage[];
    expect(saga.flatMap(({ during }) => during ?? []).toSorted()).toEqual(stages.toSorted());
    for (const { during, moves = [], cancellable = false } of saga) {
      if (during === null) continue;
      for (const move of moves) if (move.kind === "goes on") expect(transitions[during]).toContain(move.to);
      if (moves.some(({ kind }) => kind === "refuses")) expect(transitions[during]).toContain("REJECTED");
      expect(transitions[during].includes("CANCEL_PENDING")).toBe(cancellable);
    }
    const reached = new Set<Stage>(["PENDING", ...Object.values(transitions).flat()]);
    expect([...reached].toSorted()).toEqual(stages.toSorted());
  });
});
