/** A promotion as the API takes and shows it. */
import * as z from "zod";
import { line } from "../../runtime/http/typed-line.ts";
import { currencySchema } from "../../runtime/money.ts";
import {
  conditions,
  conditionsOf,
  ENDS_TOO_EARLY,
  endsAfterItBegins,
  shownConditions,
  shownConditionsOf,
} from "./condition-schema.ts";
import { skuSchema } from "./contract.ts";
import { type Promotion, type PromotionTerms, promotionKinds } from "./promotion.ts";

const MOST_SKUS = 1_000;
const units = z.int().min(1).max(9_999);

const terms = {
  name: line(200),
  skus: z
    .array(skuSchema)
    .min(1)
    .max(MOST_SKUS)
    .optional()
    .describe("The products that it is for; left out: all. Shipping is free where one of them is in the basket."),
  ...conditions,
  enabled: z.boolean().describe("Whether it applies; one that does not is never enabled."),
};

export const newPromotionSchema = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        ...terms,
        kind: z.literal("percentage"),
        value: z.int().min(1).max(100).describe("Percent of what earlier promotions left of a line."),
      }),
      z.strictObject({
        ...terms,
        kind: z.literal("fixed"),
        value: z.int().min(1).describe("Minor units of `currency`, once an order, spread over its lines."),
        currency: currencySchema.describe("Orders in another currency are left as they are."),
      }),
      z.strictObject({
        ...terms,
        kind: z.literal("buy_x_get_y"),
        buy: units.describe("Of `buy` + `get` units of a line…"),
        get: units.describe("…so many are free."),
      }),
      z.strictObject({ ...terms, kind: z.literal("free_shipping") }),
    ],
    { error: `must be one of: ${promotionKinds.join(", ")}` },
  )
  .refine(endsAfterItBegins, ENDS_TOO_EARLY);

export type NewPromotion = z.infer<typeof newPromotionSchema>;

export const newPromotionExample: NewPromotion = {
  name: "Tea: three for two",
  kind: "buy_x_get_y",
  buy: 2,
  get: 1,
  skus: ["SKU-001", "SKU-002"],
  validUntil: "2030-06-01T00:00:00Z",
  enabled: false,
};

export const promotionSchema = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(promotionKinds),
  skus: z.array(skuSchema).optional(),
  value: z.int().optional(),
  currency: currencySchema.optional(),
  buy: z.int().optional(),
  get: z.int().optional(),
  ...shownConditions,
  enabled: z.boolean(),
});

export function termsOfRequest(given: NewPromotion): PromotionTerms {
  const { name, kind, skus } = given;
  return {
    name,
    kind,
    skus: skus ?? null,
    value: kind === "percentage" || kind === "fixed" ? given.value : null,
    currency: kind === "fixed" ? given.currency : null,
    buy: kind === "buy_x_get_y" ? given.buy : null,
    get: kind === "buy_x_get_y" ? given.get : null,
    ...conditionsOf(given),
  };
}

/** What does not restrict the promotion is left out. */
export function shownPromotion(promotion: Promotion): z.infer<typeof promotionSchema> {
  const { id, name, kind, skus, value, currency, buy, get, enabled } = promotion;
  return {
    id,
    name,
    kind,
    ...(skus === null ? {} : { skus: [...skus] }),
    ...(value === null ? {} : { value }),
    ...(currency === null ? {} : { currency }),
    ...(buy === null ? {} : { buy }),
    ...(get === null ? {} : { get }),
    ...shownConditionsOf(promotion),
    enabled,
  };
}
