/**
 * What a carrier reports of a parcel by webhook. Reports come late, repeated and in any order, so each is taken to say
 * how far the parcel has come: whatever must have happened before it and is not known here yet happens with it, and what
 * is behind the parcel already changes nothing. Nothing that cannot be any more is undone by a report.
 *
 * No parcel leaves before it is paid: a report that comes before the hand-over asks for the dispatch, if nobody has, and
 * what it says happens right after the hand-over.
 */
import type { Command } from "../../runtime/messages/decision.ts";
import type { Carrier } from "./carrier.ts";
import {
  attemptsFailed,
  decided,
  handOver,
  known,
  MOST_ATTEMPTS,
  type Moved,
  parcelMoves,
  type Shipment,
  type StepAfterHandOver,
} from "./shipment.ts";

export const reportTypes = [
  "parcel.pickup_requested",
  "parcel.in_transit",
  "parcel.delivery_failed",
  "parcel.delivered",
  "parcel.returned",
] as const;

export interface CarrierReport {
  readonly type: (typeof reportTypes)[number];
  /** Which attempt to deliver it is about: the one that it is on the way to, or that failed. */
  readonly attempt: number;
}

/** What has to happen so that a parcel that has left stands as reported. */
function stepsTo({ type, attempt }: CarrierReport, parcel: Shipment): StepAfterHandOver[] {
  if (parcel.status === "RETURNING") return type === "parcel.returned" ? ["bringBack"] : [];
  if (parcel.status === "DELIVERED" || parcel.status === "RETURNED") return [];
  const failed = attemptsFailed(parcel);
  const failures = (upTo: number) => Array.from({ length: Math.max(0, upTo - failed) }, () => "fail" as const);
  switch (type) {
    case "parcel.pickup_requested":
      return [];
    case "parcel.in_transit": {
      const missed = failures(attempt - 1);
      const isPast = attempt <= failed || (missed.length === 0 && parcel.status === "IN_TRANSIT");
      return isPast ? [] : [...missed, "depart"];
    }
    case "parcel.delivery_failed":
      return failures(attempt);
    case "parcel.delivered":
      return ["deliver"];
    case "parcel.returned":
      return [...failures(MOST_ATTEMPTS), "bringBack"];
  }
}

/** A parcel that was not handed over yet: the dispatch is asked for, and the report waits for it. */
function beforeHandOver(report: CarrierReport, shipment: Shipment, now: number): Moved {
  const { state: asked, messages }: Moved =
    shipment.dispatchAskedAt === null ? parcelMoves.askForDispatch(shipment, now) : { state: shipment, messages: [] };
  const steps = stepsTo(report, handOver(asked, now).state);
  if (steps.length === 0) return { state: asked, messages };
  return { state: { ...asked, stepsAfterHandOver: [...asked.stepsAfterHandOver, ...steps], updatedAt: now }, messages };
}

function afterHandOver(report: CarrierReport, shipment: Shipment, now: number): Moved {
  const still: Moved = { state: shipment, messages: [] };
  return stepsTo(report, shipment).reduce(({ state, messages }, step) => {
    const next = parcelMoves[step](state, now);
    return { state: next.state, messages: [...messages, ...next.messages] };
  }, still);
}

/** The carrier says how far the parcel has come. */
export const carrierReported = (carrier: Carrier): Command<Shipment, never, CarrierReport, null> => ({
  name: "carrier-reported",
  decide(shipment, report, { now }) {
    const present = known(shipment);
    if (present.status === "CANCELLED") return { state: present, answer: null };
    const moved =
      present.status === "SCHEDULED" ? beforeHandOver(report, present, now) : afterHandOver(report, present, now);
    return { ...decided(carrier, present, moved, now), answer: null };
  },
});
