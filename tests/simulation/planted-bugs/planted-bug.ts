/** One line of the product that breaks one promise of the platform, and what must notice it. */
import type { Mutant } from "../mutants.ts";

/**
 * What the simulation checks. `stock`, `money`, `once`: as in reconcile (violation.ts). `every order ends`: all that
 * was begun ends once nothing fails any more. `acknowledged`: what a client was told is so, and every request gets an
 * answer. `order of events`: an order's history and its deadline. `sequence`: each consumer handles each number of a key
 * once. `dead letters`: only what really cannot be handled is parked, and it is released in order.
 */
export type Invariant =
  | "stock"
  | "money"
  | "once"
  | "every order ends"
  | "acknowledged"
  | "order of events"
  | "sequence"
  | "dead letters";

export interface PlantedBug extends Mutant {
  /** What is broken, in one sentence. */
  readonly breaks: string;
  readonly against: Invariant;
  /** Where `platform` would meet the place in few seeds only. */
  readonly workload?: "platform:kafka";
}
