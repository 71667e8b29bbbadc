/** The steps that an operator takes with a parcel, where a carrier does not report them. */
import type { Command } from "../../runtime/messages/decision.ts";
import type { Carrier } from "./carrier.ts";
import { awaitsHandOver, decided, handOver, known, parcelMoves, type Shipment } from "./shipment.ts";
import type { ShipmentStatus } from "./status.ts";

/** By their names in the API. */
export const deliverySteps = ["dispatch", "deliver", "fail"] as const;

export type DeliveryStep = (typeof deliverySteps)[number];

const ON_THE_WAY = ["DISPATCHED", "IN_TRANSIT", "FAILED"] as const;

/** Where each step may be taken. To dispatch what has left already changes nothing. */
const legalFrom: Readonly<Record<DeliveryStep, readonly ShipmentStatus[]>> = {
  dispatch: ["SCHEDULED", "DISPATCHED", "IN_TRANSIT"],
  deliver: ON_THE_WAY,
  fail: ON_THE_WAY,
};

const moveOf = { dispatch: "askForDispatch", deliver: "deliver", fail: "fail" } as const;

export type StepAnswer =
  | { readonly kind: "taken"; readonly shipment: Shipment }
  | {
      readonly kind: "illegal";
      readonly status: ShipmentStatus;
      /** What it will be right after the hand-over, while that is awaited. */
      readonly expected: ShipmentStatus | null;
      readonly legal: readonly DeliveryStep[];
    };

/** Takes a step, now or right after the hand-over that is awaited; a step that is not legal changes nothing. */
export const takeStep = (carrier: Carrier): Command<Shipment, never, DeliveryStep, StepAnswer> => ({
  name: "take-step",
  decide(shipment, step, { now }) {
    const present = known(shipment);
    const { status } = present;
    const expected = awaitsHandOver(present) ? handOver(present, now).state.status : null;
    const legal = deliverySteps.filter((each) =>
      legalFrom[each].includes(each === "dispatch" ? status : (expected ?? status)),
    );
    if (!legal.includes(step)) return { answer: { kind: "illegal", status, expected, legal } };
    const moved = parcelMoves[moveOf[step]](present, now);
    return { ...decided(carrier, present, moved, now), answer: { kind: "taken", shipment: moved.state } };
  },
});
