import { describe, expect, test } from "bun:test";
import type { Decision } from "../../runtime/messages/decision.ts";
import { begin } from "./advance.ts";
import { orderInvariants } from "./invariants.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order } from "./order.ts";
import { HISTORY } from "./record.ts";
import { moment } from "./saga.fixture.ts";
import { orderStore } from "./store.ts";

const line = { sku: "SKU-001", quantity: 2, unitPrice: 500, subtotal: 1000, discount: 100, tax: 45, total: 900 };
const placed: Order = {
  ...newOrder,
  items: [line, { ...line, discount: 0, total: 1000 }],
  subtotal: 2000,
  discount: 100,
  shipping: 300,
  tax: 100,
  total: 2200,
};
const check = (before: Order | undefined, decision: Decision<Order>) =>
  orderInvariants(before, decision, new Map<string, never>());
const place = (change: Partial<Order> = {}) => check(undefined, begin({ ...placed, ...change }, moment));
const withLine = (change: Partial<typeof line>) => ({ items: [{ ...line, ...change }, ...placed.items.slice(1)] });

describe("an order's amounts at its placement", () => {
  test("may contain their tax or have it on top", () => {
    expect(() => place()).not.toThrow();
    const items = placed.items.map((each) => ({ ...each, total: each.total + each.tax }));
    expect(() => place({ items, total: 2300 })).not.toThrow();
  });

  test.each<[string, Partial<Order>]>([
    ["a total that is too small", { total: 2199 }],
    ["a subtotal that is not the lines'", { subtotal: 1999, total: 2199 }],
    ["a discount that is not the lines'", { discount: 99, total: 2201 }],
    ["a negative shipping", { shipping: -300, total: 1600 }],
    ["a line that is not its price times its quantity", withLine({ quantity: 3 })],
    ["a line whose total is another", withLine({ total: 901 })],
    ["a line that is discounted below zero", withLine({ discount: 1100, total: -100 })],
    ["half a unit", { ...withLine({ unitPrice: 500.5, subtotal: 1001 }), subtotal: 2001, total: 2201 }],
    ["more than a safe integer", { shipping: 2 ** 53, total: 2 ** 53 + 1900 }],
    ["no number", { tax: Number.NaN }],
    ["less tax than its lines have", { tax: 89 }],
    ["more tax than its lines and its shipping can have", { tax: 391 }],
    ["tax on a shipping of nothing", { shipping: 0, tax: 91, total: 1900 }],
  ])("%s is not written", (_what, change) => {
    expect(() => place(change)).toThrow("invariant broken");
  });
});

describe("a placed order", () => {
  test.each(["items", "currency", "total"] as const)("costs what it cost: its %s is frozen", (property) => {
    expect(orderStore.frozenChange(now, { ...now, status: "CONFIRMED" })).toBeUndefined();
    expect(orderStore.frozenChange(now, { ...now, [property]: structuredClone(placed.items) })).toBe(property);
  });

  const now: Order = { ...placed, stage: "RESERVED", status: "RESERVED", historyLength: 2 };
  const refused: Order = { ...now, stage: "REJECTED", status: "REJECTED", reason: "out_of_stock" };
  const entry = (sequence: number) => ({ table: HISTORY, row: { sequence } });

  test("may move on, with its history", () => {
    expect(() =>
      check(now, {
        state: { ...now, stage: "CONFIRMED", status: "CONFIRMED", historyLength: 4 },
        entries: [entry(3), entry(4)],
      }),
    ).not.toThrow();
    expect(() => check(now, {})).not.toThrow();
    expect(() => check(now, { state: { ...refused, undoing: ["stock"] } })).not.toThrow();
  });

  test.each<[string, Decision<Order>]>([
    ["an illegal stage", { state: { ...now, stage: "FULFILLING", status: "FULFILLING" } }],
    ["a status that is not its stage's", { state: { ...now, status: "FULFILLING" } }],
    ["a reason to end while it goes on", { state: { ...now, reason: "out_of_stock" } }],
    ["a refusal without a reason", { state: { ...refused, reason: null } }],
    ["something to undo while it goes on", { state: { ...now, undoing: ["stock"] } }],
    ["a cancel with nothing to undo", { state: { ...refused, stage: "CANCEL_PENDING", status: "CANCEL_PENDING" } }],
    ["attention when it has ended", { state: { ...refused, attention: "overdue", status: "NEEDS_ATTENTION" } }],
    ["a hole in its history", { state: { ...now, historyLength: 4 }, entries: [entry(4)] }],
    ["a number twice", { state: { ...now, historyLength: 4 }, entries: [entry(3), entry(3)] }],
    ["a count that is not its history's", { state: { ...now, historyLength: 3 } }],
    ["history without an order", { entries: [entry(3)] }],
  ])("never gets %s", (_what, decision) => {
    expect(() => check(now, decision)).toThrow("invariant broken");
  });
});
