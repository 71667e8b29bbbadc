/**
 * Seeds that a bug has broken: each is run with every change. What a seed draws changes with the simulation; whoever
 * changes that puts the bug back for once, and keeps a seed that it breaks then.
 */
export interface KeptSeed {
  readonly seed: number;
  readonly workload: "platform" | "platform:kafka";
  /** What was wrong, and how it showed. */
  readonly what: string;
}

export const KEPT_SEEDS: readonly KeptSeed[] = [
  {
    seed: 13,
    workload: "platform",
    what: "The deadline of an order that needed attention went on running, and its timer was parked when it fired.",
  },
];
