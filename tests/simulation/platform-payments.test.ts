import { expect, test } from "bun:test";
import { NOTHING, paymentOf } from "./platform-contents.fixture.ts";
import type { Contents } from "./platform-contents.ts";
import { NOBODY } from "./platform-invariants.ts";
import { booksOf, paymentViolations } from "./platform-payments.ts";

const found = (contents: Partial<Contents>, discarded: readonly string[] = []) =>
  paymentViolations(
    { ...NOTHING, ...contents },
    { paymentRetryForMs: 10_000 },
    { ...NOBODY, discarded: new Set(discarded) },
  );

const timer = (kind: string, dueMs = 1) => ({ timers: [{ name: `payment ${kind} of o1`, dueMs }] });
const letter = { module: "payment", key: "o1", source: "call:void:1", sequence: 0, reason: "threw", error: "" };

test("work under way is carried on by its call, or by the timer of its pause, or waits for an operator", () => {
  const call = { payments: [paymentOf("o1", { work: "void" })] };
  const lost = ["the payment of order o1 is at work (void), and nothing in its tables goes on with it"];
  expect(found(call)).toEqual(lost);
  expect(found({ ...call, ...timer("again") })).toEqual(lost);
  expect(found({ ...call, intents: ["payment capture of o1"] })).toEqual(lost);
  expect(found({ ...call, intents: ["payment void of o1"] })).toEqual([]);
  expect(found({ ...call, deadLetters: [{ ...letter, type: null }] })).toEqual([]);
  expect(found(call, ["o1"])).toEqual([]);

  const paused = { payments: [paymentOf("o1", { work: "void", paused: true })] };
  expect(found({ ...paused, intents: ["payment void of o1"] })).toEqual(lost);
  expect(found({ ...paused, ...timer("again") })).toEqual([]);

  const refund = { payments: [paymentOf("o1", { work: "manual_refund", paused: true })] };
  expect(found({ ...refund, ...timer("again") })).toHaveLength(1);
  expect(found({ ...refund, ...timer("manual-refund-again") })).toEqual([]);

  const customer = { payments: [paymentOf("o1", { work: "await_customer", status: "REQUIRES_ACTION" })] };
  expect(found(customer)).toHaveLength(1);
  expect(found({ ...customer, ...timer("customer-action") })).toEqual([]);
});

test("an authorisation is tried again within its time, and after that once at most", () => {
  const payments = [paymentOf("o1", { status: "PENDING", work: "authorise", paused: true, failures: 3, createdMs: 5 })];
  expect(found({ payments, ...timer("again", 12_005) })).toEqual([]);
  expect(found({ payments, ...timer("again", 12_006) })).toEqual([
    "the payment of order o1 is tried again 1 ms later than it may be",
  ]);
});

test("an order is returned when its money went back, unless an operator has settled it", () => {
  const order = { id: "o1", status: "RETURNED" };
  // Of an order nothing else matters here.
  const orders = [order as Contents["orders"][number]];
  const payments = [paymentOf("o1", { captured: 100, refunded: 40 })];
  const history = [{ key: "o1", sequence: 9, type: "OrderResolved", status: "RETURNED", atMs: 1 }];
  expect(found({ orders, payments })).toEqual(["order o1 is RETURNED, and only 40 of 100 went back"]);
  expect(found({ orders, payments, history })).toEqual([]);
  expect(found({ orders, payments: [paymentOf("o1", { captured: 100, refunded: 100 })] })).toEqual([]);
});

test("the payment's books are the provider's", () => {
  const charge = { key: "o1:auth:1", status: "authorised", amount: 100, captured: 100, refunded: 0, currency: "USD" };
  const charges = [charge, { ...charge, key: "o2:auth:1" }];
  expect(booksOf("o1", { payments: [paymentOf("o1", { captured: 100 })], charges })).toEqual([]);
  expect(booksOf("o1", { payments: [paymentOf("o1")], charges })).toEqual([
    "the payment of order o1 has 0 captured, the provider's books 100",
  ]);
});
