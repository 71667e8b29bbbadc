import { expect, test } from "bun:test";
import { paymentInvariants } from "./invariants.ts";
import type { Payment } from "./payment.ts";

const payment: Payment = {
  orderId: "0192aaaa-0000-7000-8000-000000000001",
  id: "payment-id",
  customerId: "alice",
  status: "AUTHORISED",
  currency: "USD",
  amount: 1000,
  authorised: 1000,
  captured: 600,
  refunded: 200,
  token: "tok_visa",
  attempt: 1,
  work: "none",
  tries: 1,
  failures: 0,
  voidFor: null,
  detail: null,
  createdAt: 0,
  updatedAt: 0,
};
const check = (change: Partial<Payment>, before: Payment | undefined = payment) =>
  paymentInvariants(before, { state: { ...payment, ...change } }, new Map<string, never>());

test("refunded is at most captured, captured at most authorised, authorised at most what was asked", () => {
  for (const good of [{}, { captured: 1000, refunded: 1000 }, { authorised: 0, captured: 0, refunded: 0 }])
    expect(() => check(good)).not.toThrow();
});

test.each<[string, Partial<Payment>]>([
  ["refunds more than was captured", { refunded: 601 }],
  ["captures more than was authorised", { authorised: 599 }],
  ["authorises more than was asked", { authorised: 1001 }],
  ["refunds less than nothing", { refunded: -1 }],
  ["splits a unit", { refunded: 0.5 }],
  ["asks for another amount", { amount: 1001 }],
  ["asks for another currency", { currency: "TWD" }],
  ["charges another card", { token: "tok_other" }],
  ["knows no figure", { captured: Number.NaN }],
])("a decision that %s is not written", (_what, change) => {
  expect(() => check(change)).toThrow("invariant broken");
});
