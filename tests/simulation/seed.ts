import { fraction, pick, type Random, seededRandom } from "../../runtime/random.ts";

/** A generator of its own for each purpose of one seed, so that more draws for one purpose do not shift another. */
export function streamOf(seed: number, purpose: string): Random {
  let hash = 0x811c9dc5 ^ (seed >>> 0);
  for (let index = 0; index < purpose.length; index++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(index), 0x01000193) >>> 0;
  }
  return seededRandom((hash ^ Math.imul(seed >>> 0, 0x9e3779b9)) >>> 0);
}

/** True with the given probability. Always draws, so that a change of one probability shifts nothing else. */
export const chance = (random: Random, probability: number): boolean => fraction(random) < probability;

/** A whole number from `low` to `high`, both included. */
export const between = (random: Random, low: number, high: number): number => low + pick(random, high - low + 1);

/** One of the given things. */
export function oneOf<T>(random: Random, things: readonly T[]): T {
  const thing = things[pick(random, things.length)];
  if (thing === undefined) throw new Error("nothing to choose from");
  return thing;
}

/** A number between `low` and `high`, evenly drawn on a logarithmic scale: small ones are as likely as large ones. */
export const logarithmic = (random: Random, low: number, high: number): number =>
  low * (high / low) ** fraction(random);
