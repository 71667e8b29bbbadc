/** Holds of two coupons by any requests, commands and answers, in any order: a model of the module's tables. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { couponOf, offerOf } from "./coupon.fixture.ts";
import type { Coupon } from "./coupon.ts";
import {
  type CouponHold,
  countKey,
  holdCalls,
  holdCommands,
  holdHandlers,
  holdTimers,
  type UseCount,
} from "./coupon-hold.ts";
import { couponInvariants } from "./coupon-invariants.ts";

const ORPHAN_AFTER_MS = 600_000;
const ORDERS = [1, 2, 3, 4].map((n) => `0192aaaa-0000-7000-8000-00000000000${n}`);
const CUSTOMERS = ["ann", "ben"];
const basis = offerOf(600, 400);

const limit = fc.option(fc.integer({ min: 1, max: 3 }), { nil: null });
const coupons = fc.record({ totalLimit: limit, perCustomerLimit: limit });

const orderId = fc.constantFrom(...ORDERS);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("hold", "renew"), orderId, code: fc.constantFrom("A", "B", "NONE") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("UseCoupon", "ReleaseCoupon"), orderId }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("fire", "known", "unknown", "silence"), orderId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait"), orderId }) },
);
type Step = { readonly do: string; readonly orderId: string; readonly code?: string };

/** An order's customer is always the same one. */
const customerOf = (order: string) => CUSTOMERS[ORDERS.indexOf(order) % 2] ?? "";

function openTables(limits: readonly Pick<Coupon, "totalLimit" | "perCustomerLimit">[]) {
  const terms = ["A", "B"].map((code, index) => couponOf({ code, ...limits[index] }));
  const counts = new Map<string, UseCount>();
  for (const coupon of terms)
    for (const customerId of [null, ...CUSTOMERS])
      counts.set(countKey(coupon.code, customerId), { coupon, customerId, uses: 0, version: 0 });
  const holds = new Map<string, CouponHold>();
  const timers = new Map<string, number>();
  const open = new Map<string, string[]>();
  /** What `order` has said of an order in the end, which nothing may take back. */
  const ended = new Set<string>();
  /** By order: the renewal of which it has said that it knows the order, so that its saga looks after the hold. */
  const knownAt = new Map<string, number>();
  const { hold, renew } = holdCommands(ORPHAN_AFTER_MS);
  let now = 1;

  function take(
    key: string,
    needed: readonly string[],
    decide: (context: Parameters<typeof hold.decide>[2]) => Decision<CouponHold, UseCount>,
  ) {
    // No more than what it says it needs is locked.
    const shared = new Map([...counts].filter(([name]) => needed.includes(name)));
    const ids = { next: () => "unused" };
    const before = holds.get(key);
    const decision = decide({ key, now, ids, shared });
    couponInvariants(before, decision, shared);
    for (const name of decision.shared?.keys() ?? []) expect(needed).toContain(name);
    if (decision.state) holds.set(key, decision.state);
    for (const [name, count] of decision.shared ?? []) counts.set(name, count);
    for (const { kind, dueMs } of decision.setTimers ?? []) timers.set(`${key} ${kind}`, dueMs);
    for (const kind of decision.cancelTimers ?? []) timers.delete(`${key} ${kind}`);
    for (const { request } of decision.calls ?? []) open.set(key, [...(open.get(key) ?? []), request]);
    return decision;
  }

  function outcome(key: string, given: CallOutcome<string>) {
    const [request, ...later] = open.get(key) ?? [];
    const [asking] = holdCalls;
    if (request === undefined || !asking) return;
    open.set(key, later);
    const before = holds.get(key);
    const renewal: number = JSON.parse(request).renewal;
    const decision = take(key, asking.sharedKeys(before), (context) => asking.decide(before, request, given, context));
    const after = holds.get(key);
    const isCurrent = before?.status === "HELD" && before.renewal === renewal;
    if (!isCurrent) expect(decision).toEqual({});
    else if (given.kind !== "answered") expect([after?.status, timers.has(`${key} orphaned`)]).toEqual(["HELD", true]);
    else if (given.answer.includes("true")) {
      expect(after?.status).toBe("HELD");
      knownAt.set(key, renewal);
    } else expect(after?.status).toBe("RELEASED");
  }

  function command(key: string, code: string, with_: typeof hold) {
    const before = holds.get(key);
    const request = { code, customerId: customerOf(key), basis };
    const needed = with_.shares?.(before, request) ?? [];
    let kind = "";
    take(key, needed, (context) => {
      const decision = with_.decide(before, request, context);
      kind = decision.answer.kind;
      if (kind === "refused") expect(Object.keys(decision)).toEqual(["answer"]);
      return decision;
    });
    if (kind !== "held") return;
    expect(holds.get(key)).toMatchObject({ status: "HELD", code, customerId: customerOf(key) });
    expect(timers.get(`${key} orphaned`)).toBe(now + ORPHAN_AFTER_MS);
    expect(ended.has(key)).toBe(false);
  }

  function message(key: string, type: string) {
    const before = holds.get(key);
    const handler = holdHandlers.find((each) => each.type === type);
    if (!handler) throw new Error(`nobody handles ${type}`);
    // The saga uses what is held, or was given up as an orphan's, and nothing else.
    const isOrphans = before?.releasedBy === "orphaned";
    if (type === "UseCoupon" && !isOrphans && before?.status !== "HELD" && before?.status !== "USED") return;
    const prepared = handler.prepare("{}");
    if (type === "UseCoupon" && isOrphans && !isLeft(before)) {
      expect(() => take(key, prepared.sharedKeys(before), (context) => prepared.decide(before, context))).toThrow(
        "given back",
      );
      return;
    }
    const { messages = [] } = take(key, prepared.sharedKeys(before), (context) => prepared.decide(before, context));
    expect(messages.map((each) => each.type)).toEqual([type === "UseCoupon" ? "CouponUsed" : "CouponReleased"]);
    if (type === "ReleaseCoupon") ended.add(key);
    if (before?.status === "RELEASED" || before === undefined) return;
    expect(timers.has(`${key} orphaned`)).toBe(false);
  }

  /** Whether the limits leave a use of that coupon to that customer. */
  function isLeft({ code, customerId }: CouponHold) {
    const own = [...counts.values()].filter(
      (each) => each.coupon.code === code && (each.customerId ?? customerId) === customerId,
    );
    return own.every(({ coupon, customerId: each, uses }) => {
      const most = each === null ? coupon.totalLimit : coupon.perCustomerLimit;
      return most === null || uses < most;
    });
  }

  function fire(key: string) {
    const before = holds.get(key);
    const [timer] = holdTimers;
    if (!timers.delete(`${key} orphaned`) || !timer) return;
    const { calls = [] } = take(key, [], (context) => timer.decide(before, context));
    expect(calls).toHaveLength(1);
  }

  return {
    run({ do: what, orderId: key, code = "" }: Step) {
      now++;
      if (what === "hold" && !holds.has(key)) command(key, code, hold);
      else if (what === "hold" || what === "renew") command(key, code, renew);
      else if (what === "fire") fire(key);
      else if (what === "known" || what === "unknown")
        outcome(key, { kind: "answered", answer: JSON.stringify({ known: what === "known" }) });
      else if (what === "silence") outcome(key, { kind: "unknown", detail: "no answer" });
      else if (what === "wait") now += ORPHAN_AFTER_MS;
      else message(key, what);
    },
    check() {
      for (const [name, { coupon, customerId, uses }] of counts) {
        const standing = [...holds.values()].filter(
          (each) =>
            each.status !== "RELEASED" &&
            each.code === coupon.code &&
            (customerId ?? each.customerId) === each.customerId,
        );
        const isCounted = customerId === null || coupon.perCustomerLimit !== null;
        expect([name, uses]).toEqual([name, isCounted ? standing.length : 0]);
        const most = customerId === null ? coupon.totalLimit : coupon.perCustomerLimit;
        expect(standing.length).toBeLessThanOrEqual(most ?? ORDERS.length);
      }
      for (const [key, { status, renewal }] of holds) {
        if (status !== "HELD") continue;
        const isAsked = (open.get(key) ?? []).some((request) => JSON.parse(request).renewal === renewal);
        const isLookedAfter = timers.has(`${key} orphaned`) || isAsked || knownAt.get(key) === renewal;
        expect([key, isLookedAfter]).toEqual([key, true]);
      }
      for (const key of ended) expect(holds.get(key)).toMatchObject({ status: "RELEASED", releasedBy: "order" });
    },
  };
}

test("every use is counted once and within the limits, and what an order has given back is never held for it again", () => {
  verify(
    fc.property(
      fc.tuple(coupons, coupons),
      fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
      (limits, steps) => {
        const tables = openTables(limits);
        for (const each of steps) {
          tables.run(each);
          tables.check();
        }
      },
    ),
    1_000,
  );
});
