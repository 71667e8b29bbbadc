/** Tax on an amount, contained in it or on top of it as its country has it. Rounded once an amount, half up. */

export const taxClasses = ["standard", "reduced", "zero"] as const;
export type TaxClass = (typeof taxClasses)[number];

/** A country's tax. */
export interface TaxRates {
  /** Prices contain the tax. */
  readonly inclusive: boolean;
  /** In basis points: 500 is 5 %. */
  readonly rates: Readonly<Record<TaxClass, number>>;
}

const WHOLE = 10_000n;

/** The tax that is in an amount, or that comes on top of it. */
export function taxOn(amount: number, taxClass: TaxClass, { inclusive, rates }: TaxRates): number {
  const rate = BigInt(rates[taxClass]);
  const divisor = inclusive ? WHOLE + rate : WHOLE;
  // The product may be more than a number holds exactly.
  return Number((2n * BigInt(amount) * rate + divisor) / (2n * divisor));
}
