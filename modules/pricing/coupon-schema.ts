/** A coupon as the API takes and shows it. */
import * as z from "zod";
import { currencySchema } from "../../runtime/money.ts";
import {
  conditions,
  conditionsOf,
  ENDS_TOO_EARLY,
  endsAfterItBegins,
  shownConditions,
  shownConditionsOf,
} from "./condition-schema.ts";
import { couponCodeSchema } from "./contract.ts";
import { type Coupon, couponKinds } from "./coupon.ts";
import type { CountedCoupon } from "./coupon-store.ts";

/** As far as a column of whole numbers goes. */
const limit = z.int().min(1).max(2_147_483_647);

const terms = {
  code: couponCodeSchema,
  ...conditions,
  totalLimit: limit.optional().describe("How many orders may use it."),
  perCustomerLimit: limit.optional().describe("How many orders of one customer may use it."),
};

export const newCouponSchema = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        ...terms,
        kind: z.literal("percentage"),
        value: z.int().min(1).max(100).describe("Percent of what is left after other discounts."),
      }),
      z.strictObject({
        ...terms,
        kind: z.literal("fixed"),
        value: z.int().min(1).describe("Minor units of `currency`."),
        currency: currencySchema.describe("The coupon is for orders in it alone."),
      }),
      z.strictObject({ ...terms, kind: z.literal("free_shipping") }),
    ],
    { error: `must be one of: ${couponKinds.join(", ")}` },
  )
  .refine(endsAfterItBegins, ENDS_TOO_EARLY);

export type NewCoupon = z.infer<typeof newCouponSchema>;

export const newCouponExample: NewCoupon = {
  code: "SPRING20",
  kind: "percentage",
  value: 20,
  validUntil: "2030-06-01T00:00:00Z",
  perCustomerLimit: 1,
};

export const couponSchema = z.strictObject({
  code: couponCodeSchema,
  kind: z.enum(couponKinds),
  value: z.int().optional(),
  currency: currencySchema.optional(),
  ...shownConditions,
  totalLimit: z.int().optional(),
  perCustomerLimit: z.int().optional(),
  uses: z.int().nonnegative().describe("Orders that use it, or hold a use of it."),
});

export function couponOfRequest(given: NewCoupon): Coupon {
  const { code, kind, totalLimit, perCustomerLimit } = given;
  return {
    code,
    kind,
    value: kind === "free_shipping" ? null : given.value,
    currency: kind === "fixed" ? given.currency : null,
    ...conditionsOf(given),
    totalLimit: totalLimit ?? null,
    perCustomerLimit: perCustomerLimit ?? null,
  };
}

/** What does not restrict the coupon is left out. */
export function shownCoupon(coupon: CountedCoupon): z.infer<typeof couponSchema> {
  const { code, kind, value, currency, totalLimit, perCustomerLimit, uses } = coupon;
  return {
    code,
    kind,
    ...(value === null ? {} : { value }),
    ...(currency === null ? {} : { currency }),
    ...shownConditionsOf(coupon),
    ...(totalLimit === null ? {} : { totalLimit }),
    ...(perCustomerLimit === null ? {} : { perCustomerLimit }),
    uses,
  };
}
