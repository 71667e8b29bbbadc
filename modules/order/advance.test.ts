import { describe, expect, test } from "bun:test";
import type { Decision } from "../../runtime/messages/decision.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { begin } from "./advance.ts";
import { newOrder } from "./order.fixture.ts";
import { type Order, type Stage, transitions } from "./order.ts";
import { deadlines, fire, moment, NOW, ordersByStage, receive, refundOf, stateOf } from "./saga.fixture.ts";
import { saga } from "./saga.ts";

const sent = (decision: Decision<Order>) => decision.messages?.map(({ type }) => type);
const told = (decision: Decision<Order>) => decision.entries?.map(({ row }) => [row.type, row.data]);
const usd = { amount: newOrder.total, currency: "USD" };

const at = ordersByStage();

describe("what is written down and sent", () => {
  test("its history begins with its placement, and tells of the payment and of the sale at the pivot", () => {
    expect(told(begin(newOrder, moment))).toEqual([["OrderPlaced", { status: "PENDING" }]]);
    const pivot = receive(at.RESERVED, paymentEvents.PaymentAuthorised, usd);
    expect(told(pivot)).toEqual([
      ["PaymentAuthorised", { ...usd, status: "AUTHORISED" }],
      ["OrderConfirmed", { status: "CONFIRMED" }],
    ]);
  });

  test("a dispatch that is asked for once more is written down, and nothing is captured twice", () => {
    for (const order of [at.CAPTURING, at.HANDING_OVER]) {
      const again = receive(order, deliveryEvents.DispatchRequested, {});
      expect([stateOf(again).stage, again.messages]).toEqual([order.stage, undefined]);
      expect(told(again)).toEqual([["DispatchRequested", { status: "FULFILLING", late: true }]]);
    }
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
});

describe("refusals", () => {
  test("out of stock: REJECTED, and there is nothing to undo", () => {
    const decision = receive(at.PENDING, inventoryEvents.StockRefused, { shortSkus: ["SKU-001"] });
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "out_of_stock", undoing: [] });
    expect(sent(decision)).toEqual(["OrderRefused"]);
    expect([decision.cancelTimers, decision.setTimers]).toEqual([["placement-deadline"], []]);
  });

  test("payment declined: the history says why", () => {
    const answer = { reason: "payment_declined", detail: "no" } as const;
    const decision = receive(at.RESERVED, paymentEvents.PaymentDeclined, answer);
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "payment_declined", undoing: ["stock"] });
    expect(told(decision)).toEqual([["PaymentDeclined", { status: "REJECTED", ...answer }]]);
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

  test("every step moves along a legal transition, and every stage is reached", () => {
    const stages = Object.keys(transitions) as Stage[];
    for (const stage of stages) {
      const { moves = [] } = saga[stage];
      for (const move of moves) if (move.kind === "goes on") expect(transitions[stage]).toContain(move.to);
      if (moves.some(({ kind }) => kind === "refuses")) expect(transitions[stage]).toContain("REJECTED");
    }
    const reached = new Set<Stage>(["PENDING", ...Object.values(transitions).flat()]);
    expect([...reached].toSorted()).toEqual(stages.toSorted());
  });
});
