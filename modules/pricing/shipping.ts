/** What it costs to send a parcel: one amount for each band of weights. */

export interface ShippingBand {
  /** The heaviest parcel of the band; null: any weight. */
  readonly upToGrams: number | null;
  readonly amount: number;
}

/** The amount for a parcel; undefined where it is heavier than the last band. Bands come from the lightest on. */
export const shippingFor = (bands: readonly ShippingBand[], grams: number): number | undefined =>
  bands.find(({ upToGrams }) => upToGrams === null || grams <= upToGrams)?.amount;

/** Why bands leave it open which of them a parcel is in, or undefined. */
export function whyNotBands(bands: readonly ShippingBand[]): string | undefined {
  let last: number | null = -1;
  for (const { upToGrams } of bands) {
    if (last === null) return "must end with the band that has no upToGrams";
    if (upToGrams !== null && upToGrams <= last) return "must go from the lightest band to the heaviest, each once";
    last = upToGrams;
  }
  return undefined;
}
