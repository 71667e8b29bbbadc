/** A coupon as the API takes and shows it. */
import * as z from "zod";
import { currencySchema, minorUnitsSchema, moneySchema } from "../../runtime/money.ts";
import { COUPON_CODE_PATTERN, type Coupon, couponKinds } from "./coupon.ts";
import type { CountedCoupon } from "./coupon-store.ts";

export const couponCodeSchema = z
  .string()
  .regex(COUPON_CODE_PATTERN, "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
  .meta({ example: "WELCOME10" });

const LAST_MS = Date.UTC(9999, 11, 31);
const moment = z.iso.datetime({ offset: true }).refine((text) => {
  const ms = Date.parse(text);
  return ms >= 0 && ms <= LAST_MS;
}, "must be a time from 1970 to 9999");

/** As far as a column of whole numbers goes. */
const limit = z.int().min(1).max(2_147_483_647);

const terms = {
  code: couponCodeSchema,
  validFrom: moment.optional(),
  validUntil: moment.optional().describe("From this moment on the coupon is over."),
  minimumSpend: z
    .strictObject({ amount: minorUnitsSchema, currency: currencySchema })
    .optional()
    .describe("The least subtotal, before any discount; for orders in its currency alone."),
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
  .refine(
    ({ validFrom, validUntil }) =>
      validFrom === undefined || validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil),
    { path: ["validUntil"], message: "must be after validFrom" },
  );

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
  validFrom: z.iso.datetime().optional(),
  validUntil: z.iso.datetime().optional(),
  minimumSpend: moneySchema.optional(),
  totalLimit: z.int().optional(),
  perCustomerLimit: z.int().optional(),
  uses: z.int().nonnegative().describe("Orders that use it, or hold a use of it."),
});

export function couponOfRequest(given: NewCoupon): Coupon {
  const { code, kind, validFrom, validUntil, minimumSpend, totalLimit, perCustomerLimit } = given;
  return {
    code,
    kind,
    value: kind === "free_shipping" ? null : given.value,
    currency: kind === "fixed" ? given.currency : null,
    validFrom: validFrom === undefined ? null : Date.parse(validFrom),
    validUntil: validUntil === undefined ? null : Date.parse(validUntil),
    minimumSpend: minimumSpend ?? null,
    totalLimit: totalLimit ?? null,
    perCustomerLimit: perCustomerLimit ?? null,
  };
}

/** What does not restrict the coupon is left out. */
export function shownCoupon({ validFrom, validUntil, ...coupon }: CountedCoupon): z.infer<typeof couponSchema> {
  const { code, kind, value, currency, minimumSpend, totalLimit, perCustomerLimit, uses } = coupon;
  return {
    code,
    kind,
    ...(value === null ? {} : { value }),
    ...(currency === null ? {} : { currency }),
    ...(validFrom === null ? {} : { validFrom: new Date(validFrom).toISOString() }),
    ...(validUntil === null ? {} : { validUntil: new Date(validUntil).toISOString() }),
    ...(minimumSpend === null ? {} : { minimumSpend }),
    ...(totalLimit === null ? {} : { totalLimit }),
    ...(perCustomerLimit === null ? {} : { perCustomerLimit }),
    uses,
  };
}
