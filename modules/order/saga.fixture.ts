/** Drives an order along the saga in tests: answers of other modules, deadlines, and what was decided. */
import { expect } from "bun:test";
import type { z } from "zod";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import type { MessageType } from "../../runtime/messages/contract.ts";
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import { deliveryEvents } from "../delivery/contract.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { begin, sagaHandlers, sagaTimers } from "./advance.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order, OrderStatus, Stage } from "./order.ts";

export const NOW = 1_000;
export const deadlines = {
  ...sameDeadlines(1),
  placementMs: 30 * 60_000,
  shipmentMs: 24 * 3_600_000,
  returnWindowMs: 14 * 24 * 3_600_000,
  compensationMs: 3_600_000,
};
export const moment = { now: NOW, deadlines };

const handlers = sagaHandlers(deadlines);
const timers = sagaTimers(deadlines);

export const contextAt = (now: number) => ({
  key: newOrder.id,
  now,
  ids: { next: () => "unused" },
  shared: new Map<string, never>(),
});

/** What is decided on an answer. */
export function receive<Data>(
  order: Order,
  type: MessageType<Data>,
  data: z.input<MessageType<Data>["schema"]>,
  now = NOW,
): Decision<Order> {
  const handler = handlers.find((each) => each.topic === type.topic && each.type === type.type);
  if (!handler) throw new Error(`nobody handles ${type.type}`);
  return handler.prepare(JSON.stringify(data)).decide(order, contextAt(now));
}

/** What is decided when the timer fires. */
export function fire(order: Order, kind: string, now = NOW): Decision<Order> {
  const timer = timers.find((each) => each.kind === kind);
  if (!timer) throw new Error(`there is no timer ${kind}`);
  return timer.decide(order, contextAt(now));
}

export const stateOf = (decision: Decision<Order>): Order => {
  if (!decision.state) throw new Error("nothing was decided");
  return decision.state;
};

const usd = (amount: number) => ({ amount, currency: "USD" });
export const refundOf = (amount: number, refunded = amount) => ({ ...usd(amount), refunded, captured: newOrder.total });

/**
 * An order to which one thing happens after the other, so that a test reads as its story: on an answer it `is` in a
 * status and has sent these messages, and it `waits` for a timer.
 */
export function storyOf(first: Order = newOrder) {
  let order = first;
  let sent: readonly string[] = [];
  let timer: readonly [kind: string, afterMs: number] | null = null;
  const then = {
    is: (status: OrderStatus, ...messages: string[]) => expect([order.status, ...sent]).toEqual([status, ...messages]),
  };
  function take(decision: Decision<Order>) {
    order = stateOf(decision);
    sent = decision.messages?.map(({ type }) => type) ?? [];
    if (timer && decision.cancelTimers?.includes(timer[0])) timer = null;
    for (const { kind, dueMs } of decision.setTimers ?? []) timer = [kind, dueMs - NOW];
    return then;
  }
  return {
    placed: () => take(begin(first, moment)),
    on: (type: MessageType<unknown>, data: object = {}) => take(receive(order, type, data)),
    ask: <Input>(command: Command<Order, never, Input, unknown>, input: Input) =>
      take(command.decide(order, input, contextAt(NOW))),
    timeIsOver: () => take(fire(order, timer?.[0] ?? "of no kind")),
    waits: (kind: string, afterMs: number) => expect(timer).toEqual([kind, afterMs]),
    waitsForNoTimer: () => expect(timer).toBeNull(),
    now: () => order,
  };
}

const step =
  <Data>(type: MessageType<Data>, data: z.input<MessageType<Data>["schema"]>) =>
  (order: Order) =>
    stateOf(receive(order, type, data));

/** Orders on the straight way, by stage. */
export function ordersByStage() {
  const placed = stateOf(begin(newOrder, moment));
  const reserved = step(inventoryEvents.StockReserved, {})(placed);
  const confirmed = step(paymentEvents.PaymentAuthorised, usd(newOrder.total))(reserved);
  const fulfilling = step(deliveryEvents.ShipmentScheduled, { deliveryId: "d" })(confirmed);
  const capturing = step(deliveryEvents.DispatchRequested, {})(fulfilling);
  const handingOver = step(paymentEvents.PaymentCaptured, usd(newOrder.total))(capturing);
  const shipped = step(deliveryEvents.ParcelHandedOver, {})(handingOver);
  const delivered = step(deliveryEvents.ParcelDelivered, {})(shipped);
  const comingBack = step(deliveryEvents.DeliveryFailed, { attempt: 3, final: true })(shipped);
  const givingBack = step(deliveryEvents.ParcelReturned, {})(comingBack);
  const returned = step(paymentEvents.PaymentRefunded, refundOf(newOrder.total))(givingBack);
  const completed = stateOf(fire(delivered, "return-window"));
  return {
    PENDING: placed,
    RESERVED: reserved,
    CONFIRMED: confirmed,
    FULFILLING: fulfilling,
    CAPTURING: capturing,
    HANDING_OVER: handingOver,
    SHIPPED: shipped,
    DELIVERED: delivered,
    COMPLETED: completed,
    COMING_BACK: comingBack,
    GIVING_BACK: givingBack,
    RETURNED: returned,
  } satisfies Partial<Record<Stage, Order>>;
}
