/**
 * The port to whoever carries parcels.
 *
 * A carrier decides nothing on a shipment by itself: what it does next is planned here as a durable timer, and when that
 * fires the move is decided like any other, on the shipment as it then stands. Every change plans anew, so a move that
 * somebody else was faster than does not happen; a plan of an earlier configuration does what this one plans.
 */
import type { Decision } from "../../runtime/messages/decision.ts";
import { CARRIER_TIMER } from "./contract.ts";
import type { ShipmentStatus } from "./status.ts";

/** `bringBack`: the parcel that could not be delivered is in the warehouse again. */
export type CarrierMove = "askForDispatch" | "depart" | "deliver" | "bringBack";

export interface PlannedMove {
  readonly move: CarrierMove;
  readonly afterMs: number;
}

/** What a carrier goes by. */
export interface Parcel {
  readonly status: ShipmentStatus;
  /** Null: nobody has asked that it be let go. */
  readonly dispatchAskedAt: number | null;
}

export interface Carrier {
  /** What it does next with a parcel that now came to stand like this; null: nothing before somebody else does. */
  planned(parcel: Parcel): PlannedMove | null;
}

/** The timer of the carrier's next move after a change, in place of the one before. */
export function planAfter(
  carrier: Carrier,
  before: Parcel | undefined,
  changed: Parcel,
  now: number,
): Pick<Decision<Parcel>, "setTimers" | "cancelTimers"> {
  if (changed === before) return {};
  const next = carrier.planned(changed);
  if (next) return { setTimers: [{ kind: CARRIER_TIMER, dueMs: now + next.afterMs }] };
  return before && carrier.planned(before) ? { cancelTimers: [CARRIER_TIMER] } : {};
}
