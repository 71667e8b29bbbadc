/**
 * The six promises that reconcile checks, by name:
 * - `stock`: figures are what movements and reservations sum up to; never negative, never oversold.
 * - `money`: refunded ≤ captured ≤ authorised, as the order stands; at most one effective charge in the provider's books;
 *   a coupon has as many uses as orders hold or have used, and no more than it may.
 * - `orders`: every order that was acknowledged (as long as its key is kept) exists; each moves on or rests, has the timer
 *   of its wait and no other, and none is past its deadline.
 * - `once`: at most one shipment an order, one notice for each kind and channel.
 * - `sequence`: each consumer has handled each topic and key without gap or repeat.
 * - `agreement`: outbox, inbox and dead letters tell the same story.
 */
export const INVARIANTS = ["stock", "money", "orders", "once", "sequence", "agreement"] as const;
export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  /** What it concerns: `order <id>`, `stock <sku> in <warehouse>`, `coupon <code>`, `coupon <code> of <customer>`. */
  readonly subject: string;
  readonly detail: string;
}
