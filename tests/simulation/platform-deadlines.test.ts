import { expect, test } from "bun:test";
import { sameDeadlines } from "../../runtime/deadlines.fixture.ts";
import { NOTHING } from "./platform-contents.fixture.ts";
import type { Contents } from "./platform-contents.ts";
import { deadlineViolations, tokenViolations } from "./platform-deadlines.ts";
import { NOBODY } from "./platform-invariants.ts";

const order = (status: string, more: Partial<Contents["orders"][number]> = {}): Contents["orders"][number] => ({
  id: "o1",
  customer: "alice",
  status,
  stage: status,
  attention: null,
  reason: null,
  total: 100,
  currency: "USD",
  token: "tok_visa",
  coupon: null,
  email: null,
  items: [],
  historyLength: 1,
  version: 1,
  createdMs: 1000,
  ...more,
});

const deadlines = { ...sameDeadlines(1000), placementMs: 60_000 };
const of = (contents: Partial<Contents>, excused = NOBODY, mayPark = false) =>
  deadlineViolations({ ...NOTHING, ...contents }, deadlines, excused, () => mayPark);

test("an undecided order has a deadline, parked at worst, or its letter was discarded", () => {
  const orders = [order("RESERVED")];
  expect(of({ orders })).toEqual(["order o1 is RESERVED, and nothing will end it at its deadline"]);
  expect(of({ orders, timers: [{ name: "order placement-deadline of o1", dueMs: 61_000 }] })).toEqual([]);
  const letter = { module: "order", key: "o1", source: "timer:placement-deadline", sequence: 0, reason: "threw" };
  expect(of({ orders, deadLetters: [{ ...letter, error: "", type: null }] })).toEqual([]);
  expect(of({ orders }, { ...NOBODY, discarded: new Set(["o1"]) })).toEqual([]);
  expect(of({ orders: [order("CONFIRMED")] })).toEqual([]);
});

test("no order expires before its deadline, unless an operator may have put it back", () => {
  const expired = (atMs: number, mayPark = false) => {
    const history = [{ key: "o1", sequence: 2, type: "OrderExpired", status: "EXPIRED", atMs }];
    return of({ orders: [order("EXPIRED")], history }, NOBODY, mayPark);
  };
  expect(expired(60_999, true)).toEqual([]);
  expect(expired(60_999)).toEqual(["order o1 expired 1 ms before its deadline"]);
  expect(expired(61_000)).toEqual([]);
});

test("where nothing failed each token ends as it must, given the time", () => {
  const told = (more: Partial<Contents["orders"][number]>, status = "REJECTED", placementMs = 60_000) =>
    tokenViolations({ ...NOTHING, orders: [order(status, more)] }, { ...deadlines, placementMs }).length;
  expect(told({}, "FULFILLING")).toBe(0);
  expect(told({ reason: "payment_timeout" })).toBe(1);
  expect(told({ token: "tok_timeout_charged", reason: "payment_unavailable" })).toBe(1);
  expect(told({ token: "tok_provider_down", reason: "payment_unavailable" })).toBe(0);
  expect(told({ token: "tok_provider_down", reason: "deadline_passed" }, "EXPIRED")).toBe(1);
  expect(told({ token: "tok_provider_down", reason: "deadline_passed" }, "EXPIRED", 3000)).toBe(0);
  expect(told({ token: "tok_declined", reason: null }, "FULFILLING")).toBe(1);
  expect(told({ token: "tok_declined", total: 0 }, "FULFILLING")).toBe(0);
  expect(told({ reason: "out_of_stock" })).toBe(0);
});
