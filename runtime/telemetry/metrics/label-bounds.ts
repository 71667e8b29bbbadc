/**
 * Keeps labels bounded, so that nobody's request can make memory or a bill grow. Each label has a set of values that are
 * declared; whatever else comes is `other`.
 */

/** A label's values: all of them, or, where only the code that names them knows them, at most so many as they come. */
export type DeclaredValues = readonly string[] | { readonly atMost: number };

export const OTHER = "other";

export interface LabelBounds {
  /** More of its values, from another part of the process. */
  declare(values: DeclaredValues): void;
  /** The value itself where it is one of them, else `other`. */
  bounded(value: string): string;
}

export function createLabelBounds(): LabelBounds {
  const known = new Set<string>();
  let room = 0;
  return {
    declare(values) {
      if ("atMost" in values) room += values.atMost;
      else for (const value of values) known.add(value);
    },
    bounded(value) {
      if (known.has(value)) return value;
      if (room === 0) return OTHER;
      room -= 1;
      known.add(value);
      return value;
    },
  };
}
