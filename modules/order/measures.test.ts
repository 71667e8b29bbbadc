import { describe, expect, test } from "bun:test";
import { RUNTIME_METRICS } from "../../runtime/telemetry/metrics/catalogue.ts";
import { inventoryEvents } from "../inventory/contract.ts";
import { paymentEvents } from "../payment/contract.ts";
import { orderMeasures } from "./measures.ts";
import { newOrder } from "./order.fixture.ts";
import { type Order, type Stage, transitions } from "./order.ts";
import { cancelOrder } from "./requests.ts";
import { contextAt, deadlines, fire, ordersByStage, receive, stateOf } from "./saga.fixture.ts";

/** What a change means, a line each. */
const told = (before: Order | undefined, after: Order) =>
  orderMeasures.of(before, after).map(({ of: { metric, labels }, value }) => {
    const said = Object.values(labels).join(" ");
    return `${metric.name}${said && ` ${said}`}: ${value}`;
  });

const orders = ordersByStage();

test("a new order is created, and stands at the saga's first stage", () => {
  expect(told(undefined, orders.PENDING)).toEqual(["orders.created: 1", "orders.saga.steps PENDING: 1"]);
});

describe("the time until the customer knows", () => {
  const { PENDING, RESERVED } = orders;
  const decided = newOrder.createdAt + 2_500;

  test("ends with the confirmation", () => {
    expect(told(PENDING, RESERVED)).toEqual(["orders.saga.steps RESERVED: 1"]);
    const authorised = { amount: newOrder.total, currency: "USD" };
    const confirmed = stateOf(receive(RESERVED, paymentEvents.PaymentAuthorised, authorised, decided));
    expect(told(RESERVED, confirmed)).toEqual([
      "orders.saga.steps CONFIRMED: 1",
      "orders.processing.time confirmed: 2.5",
    ]);
  });

  test("ends with a refusal, which has its reason", () => {
    const short = stateOf(receive(PENDING, inventoryEvents.StockRefused, { shortSkus: ["SKU-001"] }, decided));
    expect(told(PENDING, short)).toEqual([
      "orders.saga.steps REJECTED: 1",
      "orders.saga.outcomes REJECTED out_of_stock: 1",
      "orders.processing.time rejected: 2.5",
    ]);
    const expired = stateOf(fire(RESERVED, "placement-deadline", decided));
    expect(told(RESERVED, expired)).toEqual([
      "orders.saga.steps EXPIRED: 1",
      "orders.saga.outcomes EXPIRED deadline_passed: 1",
      "orders.processing.time expired: 2.5",
    ]);
  });

  test("ends with a cancel, and is told once: not again for an order that was confirmed", () => {
    const cancelled = (order: Order) =>
      stateOf(cancelOrder(deadlines).decide(order, { by: "customer" }, contextAt(decided)));
    expect(told(RESERVED, cancelled(RESERVED))).toEqual([
      "orders.saga.steps CANCEL_PENDING: 1",
      "orders.processing.time cancelled: 2.5",
    ]);
    expect(told(orders.CONFIRMED, cancelled(orders.CONFIRMED))).toEqual(["orders.saga.steps CANCEL_PENDING: 1"]);
  });
});

test("an order that needs attention is told once, and what changes nothing that is measured not at all", () => {
  const stopped = { ...orders.CAPTURING, attention: "capture_refused" };
  expect(told(orders.CAPTURING, stopped)).toEqual(["orders.saga.outcomes NEEDS_ATTENTION none: 1"]);
  expect(told(stopped, { ...stopped, historyLength: 9 })).toEqual([]);
  expect(told(orders.PENDING, { ...orders.PENDING, historyLength: 9 })).toEqual([]);
});

test("every end of the saga is an outcome, with a reason that is listed", () => {
  const ends = (Object.keys(transitions) as Stage[]).filter((stage) => transitions[stage].length === 0);
  expect(ends).toHaveLength(5);
  for (const stage of ends) {
    const before = { ...newOrder, stage: "DELIVERED" as const };
    const [, outcome] = told(before, { ...newOrder, stage, reason: null });
    expect(outcome).toStartWith(`orders.saga.outcomes ${stage} `);
  }
});

test("a reason that is not listed is other: labels hold nothing that a person wrote", () => {
  const cancelled = { ...newOrder, stage: "CANCELLED" as const, reason: "Alice Miller called" };
  expect(told({ ...newOrder, stage: "CANCEL_PENDING" }, cancelled)).toContain(
    "orders.saga.outcomes CANCELLED other: 1",
  );
});

test("what is measured is declared, each set of labels once, under names that the runtime does not use", () => {
  const { declared } = orderMeasures;
  const ids = declared.map(({ metric, labels }) => JSON.stringify([metric.name, labels]));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { metric, labels } of declared) expect(Object.keys(labels)).toEqual(Object.keys(metric.labels));
  const own = new Set(declared.map(({ metric }) => metric.name));
  expect([...own].filter((name) => RUNTIME_METRICS.some((each) => each.name === name))).toEqual([]);
  for (const [index, stage] of Object.values(orders).entries())
    for (const { of } of orderMeasures.of(index === 0 ? undefined : orders.PENDING, stage))
      expect(declared).toContain(of);
});
