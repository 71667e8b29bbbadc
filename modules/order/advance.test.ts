import { describe, expect, test } from "bun:test";
import type { z } from "zod";
import type { MessageType } from "../../runtime/messages/contract.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { begin, PLACEMENT_DEADLINE, sagaHandlers, sagaTimers } from "./advance.ts";
import { newOrder } from "./order.fixture.ts";
import { type Order, type OrderStatus, transitions } from "./order.ts";
import { saga } from "./saga.ts";

const NOW = 1_000;
const DEADLINE_MS = 30 * 60_000;

const context = { key: newOrder.id, now: NOW, ids: { next: () => "unused" }, shared: new Map<string, never>() };

function receive<Data>(order: Order, type: MessageType<Data>, data: z.input<MessageType<Data>["schema"]>) {
  const handler = sagaHandlers.find((each) => each.topic === type.topic && each.type === type.type);
  if (!handler) throw new Error(`nobody handles ${type.type}`);
  return handler.prepare(JSON.stringify(data)).decide(order, context);
}

const expire = (order: Order) => {
  const timer = sagaTimers.find(({ kind }) => kind === PLACEMENT_DEADLINE);
  if (!timer) throw new Error("no deadline timer");
  return timer.decide(order, context);
};

const sent = (decision: Decision<Order>) => decision.messages?.map(({ type }) => type);
const stateOf = (decision: Decision<Order>): Order => {
  if (!decision.state) throw new Error("nothing was decided");
  return decision.state;
};
const statuses = (decision: Decision<Order>) => decision.entries?.map(({ row }) => row.data);

const placed = stateOf(begin(newOrder, DEADLINE_MS, NOW));
const reserved = stateOf(receive(placed, inventoryEvents.StockReserved, {}));
const confirmed = stateOf(receive(reserved, paymentEvents.PaymentAuthorised, { amount: 1000, currency: "USD" }));
const fulfilling = stateOf(receive(confirmed, deliveryEvents.ShipmentScheduled, { deliveryId: "d" }));

describe("the way to FULFILLING", () => {
  test("placing asks for stock and sets the deadline", () => {
    const decision = begin(newOrder, DEADLINE_MS, NOW);
    expect(sent(decision)).toEqual(["ReserveStock"]);
    expect(decision.setTimers).toEqual([{ kind: PLACEMENT_DEADLINE, dueMs: NOW + DEADLINE_MS }]);
    expect(statuses(decision)).toEqual([{ status: "PENDING" }]);
  });

  test("each answer moves one step on, and the pivot ends the deadline", () => {
    expect(reserved.status).toBe("RESERVED");
    const pivot = receive(reserved, paymentEvents.PaymentAuthorised, { amount: 1000, currency: "USD" });
    expect(statuses(pivot)).toEqual([{ status: "AUTHORISED" }, { status: "CONFIRMED" }]);
    expect(pivot.cancelTimers).toEqual([PLACEMENT_DEADLINE]);
    expect(sent(pivot)).toEqual(["ConfirmStock", "ScheduleShipment", "OrderConfirmed"]);
    expect(fulfilling.status).toBe("FULFILLING");
  });

  test("history is numbered from 1 without holes", () => {
    expect(fulfilling.historyLength).toBe(5);
    const pivot = receive(reserved, paymentEvents.PaymentAuthorised, { amount: 1000, currency: "USD" });
    expect(pivot.entries?.map(({ row }) => row.sequence)).toEqual([3, 4]);
  });

  test("the address goes to delivery alone and the e-mail to nobody but order.events", () => {
    const pivot = receive(reserved, paymentEvents.PaymentAuthorised, { amount: 1000, currency: "USD" });
    const all = [...(begin(newOrder, 1, NOW).messages ?? []), ...(pivot.messages ?? [])];
    expect(all.filter(({ data }) => data.includes("1 Main")).map(({ type }) => type)).toEqual(["ScheduleShipment"]);
    expect(all.filter(({ data }) => data.includes("alice@example.com")).map(({ type }) => type)).toEqual([
      "OrderConfirmed",
    ]);
  });
});

describe("refusals", () => {
  test("out of stock: REJECTED, and there is nothing to undo", () => {
    const decision = receive(placed, inventoryEvents.StockRefused, { shortSkus: ["SKU-001"] });
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "out_of_stock" });
    expect(sent(decision)).toEqual(["OrderRefused"]);
    expect(decision.cancelTimers).toEqual([PLACEMENT_DEADLINE]);
  });

  test("payment declined: the stock is released", () => {
    const decision = receive(reserved, paymentEvents.PaymentDeclined, { reason: "payment_declined", detail: "no" });
    expect(stateOf(decision)).toMatchObject({ status: "REJECTED", reason: "payment_declined" });
    expect(sent(decision)).toEqual(["ReleaseStock", "OrderRefused"]);
    expect(statuses(decision)).toEqual([{ status: "REJECTED", reason: "payment_declined", detail: "no" }]);
  });

  test.each([
    ["PENDING", placed, ["ReleaseStock", "OrderRefused"]],
    ["RESERVED", reserved, ["VoidPayment", "ReleaseStock", "OrderRefused"]],
  ] as const)("the deadline in %s undoes everything asked for, last first", (_status, order, undo) => {
    const decision = expire(order);
    expect(stateOf(decision).status).toBe("EXPIRED");
    expect(sent(decision)).toEqual([...undo]);
  });

  test("an answer that comes after the end is written down and changes nothing", () => {
    const expired = stateOf(expire(reserved));
    const late = receive(expired, paymentEvents.PaymentAuthorised, { amount: 1000, currency: "USD" });
    expect(stateOf(late).status).toBe("EXPIRED");
    expect(late.messages).toBeUndefined();
    expect(statuses(late)).toEqual([{ status: "EXPIRED", late: true }]);
    const undone = receive(stateOf(late), inventoryEvents.StockReleased, {});
    expect(stateOf(undone).status).toBe("EXPIRED");
    expect(undone.messages).toBeUndefined();
  });
});

describe("what cannot be", () => {
  test("an answer that does not fit throws, it is never ignored", () => {
    expect(() => receive(confirmed, inventoryEvents.StockReserved, {})).toThrow("does not fit");
    expect(() => receive(placed, deliveryEvents.ShipmentScheduled, { deliveryId: "d" })).toThrow("does not fit");
    expect(() => expire(confirmed)).toThrow("cannot go from CONFIRMED to EXPIRED");
  });

  test("every step moves along a legal transition, and every status before the pivot has its way out", () => {
    for (const step of saga) expect(transitions[step.during]).toContain(step.succeeds.to);
    const refusable = saga.filter((step) => step.fails).map((step) => step.during);
    for (const status of refusable)
      expect(transitions[status]).toEqual(expect.arrayContaining(["REJECTED", "EXPIRED"]));
    const reachable = new Set<OrderStatus>(["PENDING", ...Object.values(transitions).flat()]);
    for (const status of Object.keys(transitions)) expect([...reachable] as string[]).toContain(status);
  });
});
