import { type ActivePromotion, activePromotion, type PromotionTerms } from "./promotion.ts";

/** A promotion for tests: 10 % off everything, always. */
export const termsOf = (change: Partial<PromotionTerms> = {}): PromotionTerms => ({
  name: "Sale",
  kind: "percentage",
  skus: null,
  value: 10,
  currency: null,
  buy: null,
  get: null,
  validFrom: null,
  validUntil: null,
  minimumSpend: null,
  ...change,
});

export const promotionOf = (change: Partial<PromotionTerms> = {}): ActivePromotion => activePromotion(termsOf(change));

export const fixedOff = (value: number, change: Partial<PromotionTerms> = {}) =>
  promotionOf({ kind: "fixed", value, currency: "USD", ...change });

export const freeUnits = (buy: number, get: number, change: Partial<PromotionTerms> = {}) =>
  promotionOf({ kind: "buy_x_get_y", value: null, buy, get, ...change });

export const freeShipping = (change: Partial<PromotionTerms> = {}) =>
  promotionOf({ kind: "free_shipping", value: null, ...change });
