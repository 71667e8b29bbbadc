/** What no decision on a hold may break: a count changes only with the hold that it counts, and within its limits. */
import { invariant } from "../../runtime/invariant.ts";
import type { DecisionInvariants } from "../../runtime/messages/decision.ts";
import { type CouponHold, countKey, type HoldStatus, type UseCount } from "./coupon-hold.ts";

/** Where a hold may go from each status; it may also stay. RELEASED goes back only where `order` never knew of it. */
const transitions: Readonly<Record<HoldStatus, readonly HoldStatus[]>> = {
  HELD: ["USED", "RELEASED"],
  USED: ["RELEASED"],
  RELEASED: ["HELD", "USED"],
};

const usesOf = (hold: CouponHold | undefined) => (hold === undefined || hold.status === "RELEASED" ? 0 : 1);

/** Every change of status is legal, and counts change by what the hold changes, within the coupon's limits. */
export const couponInvariants: DecisionInvariants<CouponHold, UseCount> = (before, decision, shared) => {
  const after = decision.state ?? before;
  const changed = decision.shared ?? new Map<string, UseCount>();
  if (before && after && before.status !== after.status) {
    invariant(
      transitions[before.status].includes(after.status),
      () => `the hold of ${before.orderId} cannot go from ${before.status} to ${after.status}`,
    );
    invariant(
      before.releasedBy !== "order",
      () => `the hold of ${before.orderId} was released by its order and cannot be ${after.status}`,
    );
  }
  const delta = usesOf(after) - usesOf(before);
  const code = after?.code ?? null;
  invariant(
    delta === 0 || (code !== null && changed.has(countKey(code, null))),
    () => `a use of ${code} changes by ${delta} and is not counted`,
  );
  for (const [key, { coupon, customerId, uses }] of changed) {
    invariant(
      coupon.code === code && (customerId === null || customerId === after?.customerId),
      () => `the hold of ${after?.orderId} is of ${code}, and changes the uses of ${key}`,
    );
    invariant(
      uses === (shared.get(key)?.uses ?? 0) + delta && uses >= 0,
      () => `the uses of ${key} go to ${uses}, and the hold changes by ${delta}`,
    );
    const limit = customerId === null ? coupon.totalLimit : coupon.perCustomerLimit;
    invariant(delta < 0 || limit === null || uses <= limit, () => `${uses} uses of ${key}, and ${limit} are allowed`);
  }
};
