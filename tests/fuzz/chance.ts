/** Draws of one seeded generator: the same seed draws the same. */
import { fraction, pick, seededRandom } from "../../runtime/random.ts";

export interface Chance {
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  oneOf<T>(choices: readonly [T, ...T[]]): T;
  /** One of the list, sooner one near its end; undefined of an empty one. */
  lateOf<T>(list: readonly T[]): T | undefined;
  /** One of the weighted choices. */
  weighted<T>(choices: readonly (readonly [choice: T, weight: number])[]): T;
  uuid(): string;
}

/** A source of draws for a seed. */
export function chanceOf(seed: number): Chance {
  const random = seededRandom(seed);
  return {
    between: (least, most) => least + pick(random, most - least + 1),
    happens: (probability) => fraction(random) < probability,
    oneOf(choices) {
      return choices[pick(random, choices.length)] ?? choices[0];
    },
    lateOf: (list) => list[list.length - 1 - Math.floor(fraction(random) ** 3 * list.length)],
    weighted(choices) {
      const all = choices.reduce((sum, [, weight]) => sum + weight, 0);
      let left = fraction(random) * all;
      for (const [choice, weight] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      const last = choices.at(-1);
      if (last === undefined) throw new Error("nothing to choose from");
      return last[0];
    },
    uuid() {
      const hex = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, "0")).join("");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}
