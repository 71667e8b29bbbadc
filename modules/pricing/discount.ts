/** Discounts in whole minor units: rounded once, then spread over the lines so that the parts add up to the whole. */
import { invariant } from "../../runtime/invariant.ts";

/** `percent` of an amount, half up. */
export function percentOf(amount: number, percent: number): number {
  // The product may be more than a number holds exactly.
  return Number((BigInt(amount) * BigInt(percent) + 50n) / 100n);
}

export const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0);

/**
 * Spreads an amount over parts in proportion to their weights, none of which gets more than its weight: each part is
 * rounded down, and what is left goes, unit by unit, to the largest remainders; ties to the earlier part.
 */
export function spread(amount: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  invariant(amount >= 0 && BigInt(amount) <= total, () => `${amount} cannot be spread over ${total}`);
  if (amount === 0) return weights.map(() => 0);
  const shares = weights.map((weight, index) => {
    const exact = BigInt(amount) * BigInt(weight);
    return { index, whole: Number(exact / total), remainder: exact % total };
  });
  const left = amount - shares.reduce((sum, { whole }) => sum + whole, 0);
  const byRemainder = shares.toSorted((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
  );
  const favoured = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return shares.map(({ index, whole }) => whole + (favoured.has(index) ? 1 : 0));
}
