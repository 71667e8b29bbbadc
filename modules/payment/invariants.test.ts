import { expect, test } from "bun:test";
import { paymentInvariants } from "./invariants.ts";
import { authorised, captured, free } from "./payment.fixture.ts";
import type { Payment } from "./payment.ts";
import { paymentStore } from "./store.ts";

const payment: Payment = { ...captured(), status: "PARTIALLY_REFUNDED", refunded: 200, manuallyRefunded: 100 };
const check = (change: Partial<Payment>, before: Payment | undefined = payment) =>
  paymentInvariants(before, { state: { ...payment, ...change } }, new Map<string, never>());

test("amounts and status that agree are written", () => {
  const refunded: Payment = { ...payment, status: "REFUNDED", refunded: 1000 };
  const refunding: Payment = { ...payment, refundsAsked: [500, 300], work: "manual_refund", paused: true };
  for (const good of [payment, refunded, refunding]) expect(() => check(good)).not.toThrow();
  expect(() => check(captured(), authorised())).not.toThrow();
  expect(() => check({ ...free(), status: "CAPTURED" }, free())).not.toThrow();
});

test.each(["amount", "currency", "token"] as const)(
  "what was asked for stays as it was: its %s is frozen",
  (property) => {
    expect(paymentStore.frozenChange(payment, { ...payment, refunded: 300 })).toBeUndefined();
    expect(paymentStore.frozenChange(payment, { ...payment, [property]: "another" })).toBe(property);
  },
);

test.each<[string, Partial<Payment>]>([
  ["refunds more than was captured", { refunded: 1001 }],
  ["captures more than was authorised", { authorised: 999 }],
  ["authorises more than was asked", { authorised: 1001 }],
  ["refunds less than nothing", { refunded: -1 }],
  ["splits a unit", { refunded: 200.5 }],
  ["knows no figure", { captured: Number.NaN }],
  ["calls a part the whole", { status: "REFUNDED" }],
  ["takes a refund back", { refunded: 100 }],
  ["gives back manually what it has not", { manuallyRefunded: 201 }],
  ["takes a manual refund back", { manuallyRefunded: 50 }],
  ["promises more than is left", { refundsAsked: [801], work: "manual_refund" }],
  ["promises what nobody works on", { refundsAsked: [1] }],
  ["promises nothing", { refundsAsked: [0], work: "manual_refund" }],
  ["pauses from nothing", { paused: true }],
  ["goes back to an earlier status", { status: "CAPTURED", refunded: 0 }],
  ["captures what is captured", { work: "capture" }],
  ["voids what is captured", { status: "VOIDED", authorised: 0, captured: 0, refunded: 0 }],
])("a decision that %s is not written", (_what, change) => {
  expect(() => check(change)).toThrow("invariant broken");
});
