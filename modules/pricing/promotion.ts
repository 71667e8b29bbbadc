/**
 * Promotions: discounts that need no code. They apply in the order of their creation, each to what earlier ones left of
 * a line, and none takes a line below zero.
 */
import type { Money } from "../../runtime/money.ts";
import { percentOf, spread, sumOf } from "./discount.ts";
import { isInForce, type Validity } from "./validity.ts";

export const promotionKinds = ["percentage", "fixed", "buy_x_get_y", "free_shipping"] as const;
export type PromotionKind = (typeof promotionKinds)[number];

/** Never change once they are there. */
export interface PromotionTerms extends Validity {
  readonly name: string;
  readonly kind: PromotionKind;
  /** The products that it is for; null: all. */
  readonly skus: readonly string[] | null;
  /** Percent, or minor units of `currency`; null for the other kinds. */
  readonly value: number | null;
  /** Of a fixed value, else null. */
  readonly currency: string | null;
  /** Of `buy` + `get` units `get` are free; null for the other kinds. */
  readonly buy: number | null;
  readonly get: number | null;
  /** Held against the undiscounted subtotal; in another currency the promotion is idle. */
  readonly minimumSpend: Money | null;
}

export interface Promotion extends PromotionTerms {
  readonly id: string;
  readonly enabled: boolean;
}

/** A promotion as baskets are held against it: a product is looked up however many it is for. */
export interface ActivePromotion extends Omit<PromotionTerms, "skus"> {
  readonly skus: ReadonlySet<string> | null;
}

export const activePromotion = (terms: PromotionTerms): ActivePromotion => ({
  ...terms,
  skus: terms.skus && new Set(terms.skus),
});

export interface PromotedLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly subtotal: number;
}

export interface Promoted {
  /** One a line. */
  readonly discounts: readonly number[];
  readonly freeShipping: boolean;
}

/** What those of the enabled promotions that are in force at `now` take off a basket's lines. */
export function promote(
  lines: readonly PromotedLine[],
  promotions: readonly ActivePromotion[],
  currency: string,
  now: number,
): Promoted {
  let nets = lines.map((line) => line.subtotal);
  const subtotal = sumOf(nets);
  let freeShipping = false;
  for (const promotion of promotions) {
    if (!isInForce(promotion, now) || !reaches(promotion, subtotal, currency)) continue;
    if (promotion.kind === "free_shipping") freeShipping ||= lines.some(({ sku }) => isFor(promotion, sku));
    else {
      const taken = reductions(promotion, lines, nets);
      nets = nets.map((net, index) => net - (taken[index] ?? 0));
    }
  }
  return { discounts: lines.map((line, index) => line.subtotal - (nets[index] ?? 0)), freeShipping };
}

const isFor = ({ skus }: ActivePromotion, sku: string) => skus === null || skus.has(sku);

/** Whether the basket is in the promotion's currencies and worth enough. */
function reaches({ currency: own, minimumSpend }: ActivePromotion, subtotal: number, currency: string): boolean {
  if (own !== null && own !== currency) return false;
  return minimumSpend === null || (minimumSpend.currency === currency && subtotal >= minimumSpend.amount);
}

/** What one promotion takes off each line, of which `nets` are left. */
function reductions(promotion: ActivePromotion, lines: readonly PromotedLine[], nets: readonly number[]): number[] {
  const { kind, value, buy, get } = promotion;
  const left = lines.map(({ sku }, index) => (isFor(promotion, sku) ? (nets[index] ?? 0) : 0));
  switch (kind) {
    case "percentage":
      return left.map((net) => percentOf(net, value ?? 0));
    case "fixed":
      return spread(Math.min(value ?? 0, sumOf(left)), left);
    case "buy_x_get_y":
      return lines.map(({ quantity, unitPrice }, index) =>
        Math.min(freeUnits(quantity, buy ?? 0, get ?? 0) * unitPrice, left[index] ?? 0),
      );
    case "free_shipping":
      return lines.map(() => 0);
  }
}

const freeUnits = (quantity: number, buy: number, get: number) =>
  buy + get === 0 ? 0 : Math.floor(quantity / (buy + get)) * get;
