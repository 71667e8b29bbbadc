/** One order's way through all six modules, and each way on which it is refused. */
import { beforeAll, expect, test } from "bun:test";
import { basket, basketOf, type Client, eventually } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
});

const steps = async (id: string) =>
  (await alice.history(id)).map(({ sequence, type, data }) => [sequence, type, data.status]);

const FULFILLED = [
  [1, "OrderPlaced", "PENDING"],
  [2, "StockReserved", "RESERVED"],
  [3, "PaymentAuthorised", "AUTHORISED"],
  [4, "OrderConfirmed", "CONFIRMED"],
  [5, "ShipmentScheduled", "FULFILLING"],
];

test("an order goes through all six modules to FULFILLING", async () => {
  const before = await alice.stock("SKU-001");
  const placed = await alice.place(basket({ email: "alice@example.com" }), { wait: 10 });
  expect(["CONFIRMED", "FULFILLING"]).toContain(placed.status);
  const usd = (amount: number) => ({ amount, currency: "USD" });
  expect(placed).toMatchObject({
    customerId: "alice",
    currency: "USD",
    subtotal: usd(3780),
    discount: usd(0),
    shipping: usd(600),
    // 4 % of the line, 8 % of the shipping.
    tax: usd(151 + 48),
    total: usd(4579),
  });
  expect(placed.items).toEqual([{ sku: "SKU-001", quantity: 2, unitPrice: usd(1890), total: usd(3931) }]);

  const order = await alice.until(placed.id, "FULFILLING");
  expect(order.reason).toBeUndefined();
  expect(await steps(order.id)).toEqual(FULFILLED);
  const [payment, ...otherPayments] = await alice.payments(order.id);
  expect(otherPayments).toEqual([]);
  expect(payment).toMatchObject({
    orderId: order.id,
    status: "AUTHORISED",
    authorised: usd(4579),
    captured: usd(0),
    refunded: usd(0),
  });
  const [delivery, ...otherDeliveries] = await alice.deliveries(order.id);
  expect(otherDeliveries).toEqual([]);
  expect(delivery).toMatchObject({
    orderId: order.id,
    status: "SCHEDULED",
    address: { name: "Alice Chen", line1: "1 Main Street" },
    lines: [{ sku: "SKU-001", quantity: 2 }],
  });
  const notices = await eventually(
    () => alice.notifications(order.id),
    (items) => items.length > 0 && items.every(({ status }) => status === "SENT"),
  );
  expect(notices.map(({ kind, channel, status }) => [kind, channel, status])).toEqual([
    ["order_confirmed", "email", "SENT"],
  ]);

  const after = await alice.stock("SKU-001");
  expect(after).toMatchObject({
    onHand: before.onHand,
    reserved: before.reserved + 2,
    available: before.available - 2,
  });
  expect(after.warehouses.reduce((sum, { available }) => sum + available, 0)).toBe(after.available);
});

test("lines that share a SKU count together, and prices are frozen by currency", async () => {
  const before = await alice.stock("SKU-002");
  const items = [
    { sku: "SKU-002", quantity: 1 },
    { sku: "SKU-003", quantity: 1 },
    { sku: "SKU-002", quantity: 3 },
  ];
  const placed = await alice.place(basket({ currency: "TWD", items }), { wait: 10 });
  expect(placed.subtotal).toEqual({ amount: 4 * 520_00 + 1_250_00, currency: "TWD" });
  expect(placed.total).toEqual({ amount: 3_794_00, currency: "TWD" });
  await alice.until(placed.id, "FULFILLING");
  expect((await alice.stock("SKU-002")).reserved).toBe(before.reserved + 4);
});

test("out of stock: nothing is held, nothing is charged", async () => {
  const [short, other] = [await alice.stock("SKU-004"), await alice.stock("SKU-005")];
  const items = [
    { sku: "SKU-005", quantity: 1 },
    { sku: "SKU-004", quantity: short.available + 1 },
  ];
  const order = await alice.place(basket({ items }), { wait: 10 });
  expect(order).toMatchObject({ status: "REJECTED", reason: "out_of_stock" });
  expect(await steps(order.id)).toEqual([
    [1, "OrderPlaced", "PENDING"],
    [2, "StockRefused", "REJECTED"],
  ]);
  const [, refused] = await alice.history(order.id);
  expect(refused?.data).toMatchObject({ reason: "out_of_stock", skus: ["SKU-004"] });
  expect(await alice.payments(order.id)).toEqual([]);
  expect(await alice.deliveries(order.id)).toEqual([]);
  expect(await alice.stock("SKU-004")).toEqual(short);
  expect(await alice.stock("SKU-005")).toEqual(other);
});

test.each([
  ["tok_declined", "declined"],
  ["tok_insufficient_funds", "insufficient_funds"],
])("%s: payment_declined, and the stock goes back", async (token, detail) => {
  const before = await alice.stock("SKU-006");
  const order = await alice.place(basketOf("SKU-006", 3, token), { wait: 10 });
  expect(order).toMatchObject({ status: "REJECTED", reason: "payment_declined" });
  await expectPaymentRefusal(order.id, "payment_declined", detail);
  expect(await alice.stock("SKU-006")).toEqual(before);
});

async function expectPaymentRefusal(id: string, reason: string, detail: string) {
  const history = await eventually(
    () => alice.history(id),
    (entries) => entries.length >= 4,
  );
  expect(history.map(({ sequence, type, data }) => [sequence, type, data.status])).toEqual([
    [1, "OrderPlaced", "PENDING"],
    [2, "StockReserved", "RESERVED"],
    [3, "PaymentDeclined", "REJECTED"],
    [4, "StockReleased", "REJECTED"],
  ]);
  expect(history[2]?.data).toMatchObject({ reason });
  const [payment, ...others] = await alice.payments(id);
  expect(others).toEqual([]);
  expect(payment).toMatchObject({ status: "DECLINED", authorised: { amount: 0 }, captured: { amount: 0 }, detail });
  expect(await alice.deliveries(id)).toEqual([]);
  const notices = await eventually(
    () => alice.notifications(id),
    (items) => items.length > 0,
  );
  expect(notices.map(({ kind }) => kind)).toEqual(["order_refused"]);
}

test("no answer though charged: the provider is asked, and there is one charge", async () => {
  const placed = await alice.place(basketOf("SKU-007", 1, "tok_timeout_charged"), { wait: 10 });
  expect(["CONFIRMED", "FULFILLING"]).toContain(placed.status);
  const order = await alice.until(placed.id, "FULFILLING");
  expect(await steps(order.id)).toEqual(FULFILLED);
  const payments = await alice.payments(order.id);
  expect(payments.map(({ status, authorised }) => [status, authorised.amount])).toEqual([
    ["AUTHORISED", order.total.amount],
  ]);
});

test("no answer and not charged: tried once more, then payment_timeout, and nothing is charged", async () => {
  const before = await alice.stock("SKU-008");
  const order = await alice.place(basketOf("SKU-008", 1, "tok_timeout_not_charged"), { wait: 20 });
  expect(order).toMatchObject({ status: "REJECTED", reason: "payment_timeout" });
  await expectPaymentRefusal(order.id, "payment_timeout", "payment_timeout");
  expect(await alice.stock("SKU-008")).toEqual(before);
}, 40_000);
