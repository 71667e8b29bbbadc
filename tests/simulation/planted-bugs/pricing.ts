/** Bugs in how uses of coupons are held, counted and given back. */
import type { PlantedBug } from "./planted-bug.ts";

export const PRICING_BUGS: readonly PlantedBug[] = [
  {
    name: "coupon-without-limit",
    breaks: "A coupon can be used more often than its limit says.",
    against: "money",
    file: "modules/pricing/coupon.ts",
    find: "uses.ofAll >= totalLimit)",
    replace: "uses.ofAll >= totalLimit + 1)",
  },
  {
    name: "customer-without-limit",
    breaks: "A customer can use a coupon more often than others.",
    against: "money",
    file: "modules/pricing/coupon.ts",
    find: "uses.ofCustomer >= perCustomerLimit)",
    replace: "uses.ofCustomer >= perCustomerLimit + 1)",
  },
  {
    name: "use-not-given-back",
    breaks: "A released hold is counted as a use for ever.",
    against: "money",
    file: "modules/pricing/coupon-hold.ts",
    find: "return { state, shared: counted(shared, hold.code, hold.customerId, -1), cancelTimers: [ORPHANED] };",
    replace: "return { state, cancelTimers: [ORPHANED] };",
  },
  {
    name: "use-not-counted",
    breaks: "A hold takes no use of its coupon.",
    against: "money",
    file: "modules/pricing/coupon-hold.ts",
    find: "shared: counted(shared, code, customerId, 1),\n    setTimers",
    replace: "shared: shared,\n    setTimers",
  },
  {
    name: "orphan-released-unasked",
    breaks: "A hold is given up though its order may have been placed.",
    against: "money",
    file: "modules/pricing/coupon-hold.ts",
    find: "return outcome.answer.known ?",
    replace: "return outcome.answer.known === null ?",
  },
  {
    name: "coupon-of-the-cancelled-stays-used",
    breaks: "The coupon of a refused order is never released.",
    against: "money",
    file: "modules/order/saga.ts",
    find: '    undo: undoneBy("coupon", send.releaseCoupon, pricing.CouponReleased),\n',
    replace: "",
  },
];
