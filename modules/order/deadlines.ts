/** The waits of the saga that end by themselves, and what they end in. How long each is, is configuration. */
import { RETURN_WINDOW_TIMER } from "./contract.ts";
import type { Deadline } from "./step.ts";

/** Counted from placement to the pivot. */
export const placement: Deadline = {
  timer: "placement-deadline",
  runsOn: true,
  within: "placementMs",
  afterwards: { kind: "expires", reason: "deadline_passed", recordedAs: "OrderExpired" },
};

export const shipment: Deadline = {
  timer: "shipment-deadline",
  within: "shipmentMs",
  afterwards: { kind: "cancels", reason: "shipment_not_scheduled", recordedAs: "ShipmentNotScheduled" },
};

/** Longer than the authorisation can last by then. */
export const capture: Deadline = {
  timer: "capture-deadline",
  within: "authorisationMs",
  afterwards: { kind: "needs attention", why: "capture_overdue" },
};

export const returnWindow: Deadline = {
  timer: RETURN_WINDOW_TIMER,
  within: "returnWindowMs",
  afterwards: { kind: "goes on", to: "COMPLETED", recordedAs: "OrderCompleted" },
};

/** Whoever was asked goes on all the same: what comes late still counts, and takes the order out of NEEDS_ATTENTION. */
export const overdue: Deadline = {
  timer: "overdue",
  within: "compensationMs",
  afterwards: { kind: "needs attention", why: "overdue" },
};
