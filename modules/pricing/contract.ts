/** All that other modules may know of `pricing`: what a basket is and costs, and the use of coupons. */
import * as z from "zod";
import { type Address, givenAddressSchema } from "../../runtime/address.ts";
import { bodyHash } from "../../runtime/http/idempotency.ts";
import { type Problem, refusal } from "../../runtime/http/problem.ts";
import { defineCommands, defineEvents } from "../../runtime/messages/contract.ts";
import { defineFacts } from "../../runtime/messages/facts-contract.ts";
import { currencySchema, minorUnitsSchema } from "../../runtime/money.ts";
import { defineRpc } from "../../runtime/rpc/port.ts";

export const quoteLineSchema = z.object({
  sku: z.string(),
  quantity: z.int().positive(),
  unitPrice: minorUnitsSchema,
  subtotal: minorUnitsSchema,
  discount: minorUnitsSchema,
  tax: minorUnitsSchema,
  total: minorUnitsSchema,
});

export type QuoteLine = z.infer<typeof quoteLineSchema>;

/** What SKUs, coupon codes and names of warehouses are like. */
export const CODE_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

export const codeSchema = (what: string) => z.string().regex(CODE_PATTERN, `a ${what} is 1 to 64 of A-Z a-z 0-9 . _ -`);

export const skuSchema = codeSchema("SKU").meta({ example: "SKU-001" });
export const couponCodeSchema = codeSchema("coupon code").meta({ example: "WELCOME10" });

/** A basket as a client sends it. */
export const basketFields = {
  currency: currencySchema,
  items: z
    .array(z.strictObject({ sku: skuSchema, quantity: z.int().min(1).max(9999) }))
    .min(1)
    .max(100),
  couponCode: couponCodeSchema.optional(),
  shippingAddress: givenAddressSchema,
};

const basketSchema = z.object({
  currency: currencySchema,
  country: z.string(),
  items: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })),
  /** The price is the one that this customer was quoted, for the same basket to the same address. */
  quote: z.object({ id: z.uuid(), customerId: z.string(), addressDigest: z.uuid() }).optional(),
});

/** Tells whether two addresses are the same to whoever need not know them. */
export const addressDigest = ({ name, line1, line2, city, region, postalCode, country }: Address): string =>
  bodyHash(new TextEncoder().encode(JSON.stringify([name, line1, line2, city, region, postalCode, country])));

export const pricedSchema = z.object({
  kind: z.literal("priced"),
  currency: currencySchema,
  items: z.array(quoteLineSchema),
  subtotal: minorUnitsSchema,
  discount: minorUnitsSchema,
  shipping: minorUnitsSchema,
  tax: minorUnitsSchema,
  total: minorUnitsSchema,
  /** The quote whose price this is. Absent where one was named: a release that knows of no quotes has answered. */
  quoteId: z.uuid().optional(),
});

/** Names the field of the request (a JSON pointer) and why. */
const refusedSchema = z.object({
  kind: z.literal("refused"),
  errors: z.array(
    z.object({
      field: z.string(),
      code: z.enum([
        "unknown_item",
        "no_price",
        "amount_too_large",
        "no_tax_rate",
        "no_shipping_rate",
        "too_heavy",
        "coupon_not_valid",
        "quote_not_valid",
      ]),
      message: z.string(),
    }),
  ),
});

type BasketFault = z.infer<typeof refusedSchema>["errors"][number];

const PROBLEMS: Partial<Record<BasketFault["code"], readonly [slug: string, title: string]>> = {
  coupon_not_valid: ["coupon-not-valid", "The coupon cannot be used"],
  quote_not_valid: ["quote-not-valid", "The quote cannot be used"],
};

/** The 422 for whoever sent the basket. */
export function basketProblem(faults: readonly BasketFault[]): Problem {
  const errors = faults.map(({ field, message }) => ({ field: `body${field.replaceAll("/", ".")}`, message }));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  const [first] = new Set(faults.map(({ code }) => code));
  const isOne = faults.every(({ code }) => code === first);
  const [slug, title] = (isOne && first && PROBLEMS[first]) || ["not-for-sale", "The basket cannot be priced"];
  return refusal(422, slug, title, detail, errors);
}

/** Prices a basket as it is now, or as it was quoted. */
export const priceBasket = defineRpc({
  module: "pricing",
  name: "priceBasket",
  request: basketSchema,
  response: z.discriminatedUnion("kind", [pricedSchema, refusedSchema]),
});

/**
 * Prices a basket with a coupon and holds a use of it, for the order of that id. A repeated `holdKey` finds its own
 * hold again, with the order id of the first time, and the hold counts from the repetition. `order` places nothing
 * when COUPON_HOLD_MS have passed since it asked; then it uses the coupon, or releases it. What came to no order is
 * released by `pricing` itself.
 */
export const holdCoupon = defineRpc({
  module: "pricing",
  name: "holdCoupon",
  request: basketSchema.extend({
    couponCode: z.string(),
    customerId: z.string(),
    /** The idempotency scope of the request that places the order. */
    holdKey: z.uuid(),
    orderId: z.uuid(),
  }),
  response: z.discriminatedUnion("kind", [pricedSchema.extend({ orderId: z.uuid() }), refusedSchema]),
});

/** Keyed by order id. */
export const pricingCommands = defineCommands("pricing", {
  /** The order is sold: the use that was held is final. */
  UseCoupon: z.object({}),
  /** The order is not: the use, held or final, can be had again. */
  ReleaseCoupon: z.object({}),
});

export const pricingEvents = defineEvents("pricing", {
  CouponUsed: z.object({}),
  CouponReleased: z.object({}),
});

/** Whether there is such a product in the catalogue. */
export const productKnown = defineRpc({
  module: "pricing",
  name: "productKnown",
  request: z.object({ sku: z.string() }),
  response: z.object({ known: z.boolean() }),
});

/** Coupons whose counted uses are not those that orders hold or have used, or are too many: found in a page of all. */
export const couponUseFacts = defineRpc({
  module: "pricing",
  name: "couponUseFacts",
  request: z.object({ afterCode: z.string().nullable(), codes: z.int().min(1).max(1000) }),
  response: z.object({
    wrong: z.array(
      z.object({
        code: z.string(),
        /** Null: of all customers. */
        customerId: z.string().nullable(),
        /** Null: there is no such row. */
        counted: z.int().nullable(),
        taken: z.int(),
        limit: z.int().nullable(),
      }),
    ),
    /** Where the next page begins; null after the last one. */
    lastCode: z.string().nullable(),
  }),
});

/** What reconcile may know of an order's coupon. */
export const couponFacts = defineFacts(
  "pricing",
  z.object({
    status: z.enum(["HELD", "USED", "RELEASED"]),
    /** Null where the order's release came before anything was held. */
    code: z.string().nullable(),
  }),
);
