import type { Carrier } from "../carrier.ts";

export interface CarrierPace {
  /** For each step of a parcel; 0: none moves by itself. */
  readonly stepMs: number;
  /** For the way back of a parcel that could not be delivered. */
  readonly returnMs: number;
}

/**
 * A carrier of this process's imagination. It fetches a parcel after a step and a half, so that a demo's visitor can be
 * first; takes a step to the depot and one to the door; tries again after a failed attempt; and always brings back what
 * could not be delivered.
 */
export function createCarrierSimulator({ stepMs, returnMs }: CarrierPace): Carrier {
  const inSteps = (move: "askForDispatch" | "depart" | "deliver", steps: number) =>
    stepMs > 0 ? { move, afterMs: Math.ceil(steps * stepMs) } : null;
  return {
    planned({ status, dispatchAskedAt }) {
      switch (status) {
        case "SCHEDULED":
          return dispatchAskedAt === null ? inSteps("askForDispatch", 1.5) : null;
        case "DISPATCHED":
        case "FAILED":
          return inSteps("depart", 1);
        case "IN_TRANSIT":
          return inSteps("deliver", 1);
        case "RETURNING":
          return { move: "bringBack", afterMs: returnMs };
        case "DELIVERED":
        case "RETURNED":
        case "CANCELLED":
          return null;
      }
    },
  };
}
