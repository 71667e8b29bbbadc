import { expect, test } from "bun:test";
import type { Decision } from "../../runtime/messages/decision.ts";
import { stockInvariants } from "./invariants.ts";
import type { Reservation } from "./reservation.ts";
import { stockIn } from "./stock.fixture.ts";
import { changeFigures, type SkuStock } from "./stock.ts";
import { reservationStore } from "./store.ts";

const stock = stockIn("A", [
  { warehouse: "w1", onHand: 5, reserved: 2 },
  { warehouse: "w2", onHand: 5, reserved: 0 },
]);
const held: Reservation = { orderId: "o", status: "HELD", allocations: [{ sku: "A", warehouse: "w1", quantity: 2 }] };
const movement = (reservedDelta: number, warehouse = "w1", sku = "A", onHandDelta = 0) => ({
  table: "movement",
  row: { sku, warehouse, onHandDelta, reservedDelta },
});
const counted = (...onHand: number[]) =>
  new Map([["A", { ...stock, warehouses: stock.warehouses.map((each, i) => ({ ...each, onHand: onHand[i] ?? 0 })) }]]);
const changed = (...reserved: number[]) =>
  new Map([
    ["A", { ...stock, warehouses: stock.warehouses.map((each, i) => ({ ...each, reserved: reserved[i] ?? 0 })) }],
  ]);
const check = (decision: Decision<Reservation, SkuStock>, before: Reservation | undefined = held) =>
  stockInvariants(before, decision, new Map([["A", stock]]));

test("a change of the stock has the movements that explain it", () => {
  expect(() => check({ shared: changed(4, 1), entries: [movement(2), movement(1, "w2")] })).not.toThrow();
  expect(() =>
    check({ state: { ...held, status: "RELEASED" }, shared: changed(0, 0), entries: [movement(-2)] }),
  ).not.toThrow();
  expect(() => check({ shared: counted(4, 5), entries: [movement(0, "w1", "A", -1)] })).not.toThrow();
  expect(() => check({ state: { ...held, status: "FIRM" } })).not.toThrow();
  const shipped = new Map([["A", changeFigures(stock, "w1", { onHand: -2, reserved: -2 })]]);
  const firm: Reservation = { ...held, status: "FIRM" };
  expect(() =>
    check({ state: { ...held, status: "SHIPPED" }, shared: shipped, entries: [movement(-2, "w1", "A", -2)] }, firm),
  ).not.toThrow();
});

test("as many units are given back as were taken: what a reservation holds is frozen", () => {
  expect(reservationStore.frozenChange(held, { ...held, status: "FIRM" })).toBeUndefined();
  expect(reservationStore.frozenChange(held, { ...held, allocations: [] })).toBe("allocations");
});

test.each<[string, Decision<Reservation, SkuStock>]>([
  ["changes a figure without a movement", { shared: changed(3, 0) }],
  ["moves what it does not change", { entries: [movement(1)] }],
  ["moves more than it changes", { shared: changed(3, 0), entries: [movement(2)] }],
  ["moves another SKU", { shared: changed(3, 0), entries: [movement(1, "w1", "B")] }],
  ["moves it in another warehouse", { shared: changed(3, 0), entries: [movement(1, "w2")] }],
  ["moves units between warehouses", { shared: changed(1, 1) }],
  ["changes what is on hand without a movement", { shared: counted(6, 5) }],
  ["finds units that are nowhere", { entries: [movement(0, "w1", "A", 1)] }],
  ["oversells", { shared: changed(6, 0), entries: [movement(4)] }],
  ["goes below zero", { shared: changed(-1, 0), entries: [movement(-3)] }],
  ["ships units that stay on hand", { shared: changed(0, 0), entries: [movement(-2, "w1", "A", -2)] }],
  ["splits a unit", { shared: changed(2.5, 0), entries: [movement(0.5)] }],
  ["refuses what it holds", { state: { ...held, status: "REFUSED" } }],
])("a decision that %s is not written", (_what, decision) => {
  expect(() => check(decision)).toThrow("invariant broken");
});

test.each([
  ["RELEASED", "HELD"],
  ["SHIPPED", "RELEASED"],
  ["RETURNED", "SHIPPED"],
] as const)("a reservation that is %s does not become %s", (from, to) => {
  expect(() => check({ state: { ...held, status: to } }, { ...held, status: from })).toThrow(
    `cannot go from ${from} to ${to}`,
  );
});

test("stock of a warehouse that is not there is not changed in silence", () => {
  expect(() => changeFigures(stock, "w3", { onHand: 0, reserved: 1 })).toThrow("A has no stock in w3");
});
