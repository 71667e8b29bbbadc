/** The shapes in which every journey runs. */
import type { Grouping } from "./split-members.ts";

export const SIX = ["order", "payment", "inventory", "pricing", "delivery", "notification"].map((module) => [module]);
const PAIRS = [
  ["order", "pricing", "notification"],
  ["payment", "inventory", "delivery"],
];

const GROUPINGS: Readonly<Record<string, Grouping>> = {
  split: { groups: SIX, replicas: 1 },
  pairs: { groups: PAIRS, replicas: 1 },
  replicas: { groups: SIX, replicas: 2 },
};

/** Null: all modules in one process. */
export const groupingOf = (topology: string | undefined): Grouping | null => GROUPINGS[topology ?? ""] ?? null;
