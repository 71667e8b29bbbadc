/** All that other modules may know of `pricing`: what a basket costs, asked synchronously, and the use of coupons. */
import * as z from "zod";
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

const basketSchema = z.object({
  currency: currencySchema,
  country: z.string(),
  items: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })),
});

const pricedSchema = z.object({
  kind: z.literal("priced"),
  currency: currencySchema,
  items: z.array(quoteLineSchema),
  subtotal: minorUnitsSchema,
  discount: minorUnitsSchema,
  shipping: minorUnitsSchema,
  tax: minorUnitsSchema,
  total: minorUnitsSchema,
});

/** Names the field of the request (a JSON pointer) and why. */
const refusedSchema = z.object({
  kind: z.literal("refused"),
  errors: z.array(
    z.object({
      field: z.string(),
      code: z.enum(["unknown_item", "no_price", "amount_too_large", "coupon_not_valid"]),
      message: z.string(),
    }),
  ),
});

/** Prices a basket as it is now. */
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

/** What reconcile may know of an order's coupon. */
export const couponFacts = defineFacts(
  "pricing",
  z.object({
    status: z.enum(["HELD", "USED", "RELEASED"]),
    /** Null where the order's release came before anything was held. */
    code: z.string().nullable(),
  }),
);
