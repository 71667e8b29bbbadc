/**
 * One order's shipment. There is at most one an order: asking again for it is answered with the one that is there.
 *
 * The parcel leaves when `order` says that it is paid for, and not before: dispatching only asks for that, and asks
 * again when it is repeated. What operators and carriers report of it meanwhile is kept, and happens right after the
 * hand-over. A cancellation is granted until the parcel has left and refused from then on; repeated, either is answered
 * the same again.
 */
import type { z } from "zod";
import type { Address } from "../../runtime/address.ts";
import { message, type OutgoingMessage } from "../../runtime/messages/contract.ts";
import { type Decision, type DecisionContext, on, type TimerHandler } from "../../runtime/messages/decision.ts";
import { type Carrier, type CarrierMove, planAfter } from "./carrier.ts";
import { CARRIER_TIMER, deliveryCommands, deliveryEvents } from "./contract.ts";
import { type ShipmentStatus, shipmentTransitions } from "./status.ts";

/** The last of them is final: the parcel comes back. */
export const MOST_ATTEMPTS = 3;

export interface ShipmentLine {
  readonly sku: string;
  readonly quantity: number;
}

/** Where the parcel has been, and since when. */
export interface TrackedStatus {
  readonly status: ShipmentStatus;
  readonly at: number;
}

/** What can become of a parcel at the door. */
export type DoorStep = "deliver" | "fail";

/** What can be reported of a parcel before it was handed over, to happen right after that. */
export type StepAfterHandOver = DoorStep | "depart" | "bringBack";

export interface Shipment {
  readonly orderId: string;
  readonly id: string;
  readonly customerId: string;
  readonly status: ShipmentStatus;
  readonly address: Address;
  readonly lines: readonly ShipmentLine[];
  /** Null until the carrier or an operator want to take the parcel. */
  readonly dispatchAskedAt: number | null;
  /** Reported while the hand-over is awaited. */
  readonly stepsAfterHandOver: readonly StepAfterHandOver[];
  readonly history: readonly TrackedStatus[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

type Outcome = Decision<Shipment>;

/** The shipment after something happened to it, and what is told of that. */
export interface Moved {
  readonly state: Shipment;
  readonly messages: readonly OutgoingMessage[];
}

type Move = (shipment: Shipment, now: number) => Moved;

/** The shipment in another status. Throws where the transition is not legal: its caller had to ask `mayBecome`. */
export function withStatus(shipment: Shipment, status: ShipmentStatus, now: number): Shipment {
  if (!mayBecome(shipment, status)) {
    throw new Error(`the shipment of order ${shipment.orderId} is ${shipment.status} and cannot become ${status}`);
  }
  return { ...shipment, status, history: [...shipment.history, { status, at: now }], updatedAt: now };
}

/** Whether the way from its status to this one is legal. */
export const mayBecome = (shipment: Shipment, status: ShipmentStatus) =>
  shipmentTransitions[shipment.status].includes(status);

/** The parcel may be taken as soon as `order` says so. */
export const awaitsHandOver = ({ status, dispatchAskedAt }: Shipment) =>
  status === "SCHEDULED" && dispatchAskedAt !== null;

/** Happens now, or right after the hand-over that is awaited. */
const atTheDoor =
  (step: DoorStep, happens: Move): Move =>
  (shipment, now) =>
    awaitsHandOver(shipment)
      ? {
          state: { ...shipment, stepsAfterHandOver: [...shipment.stepsAfterHandOver, step], updatedAt: now },
          messages: [],
        }
      : happens(shipment, now);

/** Asks `order` to let the parcel go; asked again it tells so once more, for what it told before may be lost. */
const askForDispatch: Move = (shipment, now) => {
  const asked = shipment.dispatchAskedAt === null ? { ...shipment, dispatchAskedAt: now, updatedAt: now } : shipment;
  return { state: asked, messages: awaitsHandOver(asked) ? [message(deliveryEvents.DispatchRequested, {})] : [] };
};

const depart: Move = (shipment, now) => ({ state: withStatus(shipment, "IN_TRANSIT", now), messages: [] });

const deliver = atTheDoor("deliver", (shipment, now) => ({
  state: withStatus(shipment, "DELIVERED", now),
  messages: [message(deliveryEvents.ParcelDelivered, {})],
}));

export const attemptsFailed = ({ history }: Shipment) => history.filter(({ status }) => status === "FAILED").length;

const fail = atTheDoor("fail", (shipment, now) => {
  const failed = withStatus(shipment, "FAILED", now);
  const attempt = attemptsFailed(failed);
  const final = attempt === MOST_ATTEMPTS;
  return {
    state: final ? withStatus(failed, "RETURNING", now) : failed,
    messages: [message(deliveryEvents.DeliveryFailed, { attempt, final })],
  };
});

const bringBack: Move = (shipment, now) => ({
  state: withStatus(shipment, "RETURNED", now),
  messages: [message(deliveryEvents.ParcelReturned, {})],
});

/** What a carrier or an operator does with a parcel. Throws where the shipment does not stand so that it can be done. */
export const parcelMoves = { askForDispatch, depart, deliver, fail, bringBack } as const satisfies Readonly<
  Record<CarrierMove | DoorStep, Move>
>;

/** The parcel leaves, and what was reported of it before happens now. */
export function handOver(shipment: Shipment, now: number): Moved {
  const left: Moved = {
    state: { ...withStatus(shipment, "DISPATCHED", now), stepsAfterHandOver: [] },
    messages: [message(deliveryEvents.ParcelHandedOver, {})],
  };
  return shipment.stepsAfterHandOver.reduce(({ state, messages }, step) => {
    const next = parcelMoves[step](state, now);
    return { state: next.state, messages: [...messages, ...next.messages] };
  }, left);
}

/** What happened to a shipment as a decision: what the carrier does next goes with it. */
export const decided = (carrier: Carrier, before: Shipment | undefined, moved: Moved, now: number) => ({
  ...moved,
  ...planAfter(carrier, before, moved.state, now),
});

export const known = (shipment: Shipment | undefined): Shipment => {
  if (!shipment) throw new Error("there is no such shipment");
  return shipment;
};

type ScheduleShipment = z.infer<typeof deliveryCommands.ScheduleShipment.schema>;

function schedule(
  carrier: Carrier,
  shipment: Shipment | undefined,
  { customerId, address, lines }: ScheduleShipment,
  { key, now, ids }: DecisionContext,
): Outcome {
  const scheduled: Shipment = shipment ?? {
    orderId: key,
    id: ids.next(),
    customerId,
    status: "SCHEDULED",
    address,
    lines,
    dispatchAskedAt: null,
    stepsAfterHandOver: [],
    history: [{ status: "SCHEDULED", at: now }],
    createdAt: now,
    updatedAt: now,
  };
  const messages = [message(deliveryEvents.ShipmentScheduled, { deliveryId: scheduled.id })];
  return decided(carrier, shipment, { state: scheduled, messages }, now);
}

const granted = () => [message(deliveryEvents.ShipmentCancelled, {})];

/** Stands for a shipment whose order was cancelled and that was never asked for, or whose asking was discarded. */
const neverScheduled = (orderId: string, id: string, now: number): Shipment => ({
  orderId,
  id,
  customerId: "",
  status: "CANCELLED",
  address: { name: "", line1: "", city: "", postalCode: "", country: "" },
  lines: [],
  dispatchAskedAt: null,
  stepsAfterHandOver: [],
  history: [{ status: "CANCELLED", at: now }],
  createdAt: now,
  updatedAt: now,
});

function cancel(carrier: Carrier, shipment: Shipment, now: number): Outcome {
  if (shipment.status === "CANCELLED") return { messages: granted() };
  if (!mayBecome(shipment, "CANCELLED")) return { messages: [message(deliveryEvents.ShipmentCancelRefused, {})] };
  const cancelled = { ...withStatus(shipment, "CANCELLED", now), stepsAfterHandOver: [] };
  return decided(carrier, shipment, { state: cancelled, messages: granted() }, now);
}

/** `order` lets go only what it was asked for and has not cancelled: anything else is a bug. */
function letGo(carrier: Carrier, shipment: Shipment, now: number): Outcome {
  if (awaitsHandOver(shipment)) return decided(carrier, shipment, handOver(shipment, now), now);
  if (shipment.status === "CANCELLED" || shipment.dispatchAskedAt === null)
    throw new Error(`the parcel of order ${shipment.orderId} is ${shipment.status}, and nobody waits for it`);
  return { messages: [message(deliveryEvents.ParcelHandedOver, {})] };
}

/** Handlers of `delivery.commands`. */
export const shipmentHandlers = (carrier: Carrier) => [
  on(
    deliveryCommands.ScheduleShipment,
    (shipment: Shipment | undefined, asked, context: DecisionContext) => schedule(carrier, shipment, asked, context),
    { urgency: "background" },
  ),
  on(
    deliveryCommands.CancelShipment,
    (shipment: Shipment | undefined, _asked, { key, now, ids }: DecisionContext) =>
      shipment ? cancel(carrier, shipment, now) : { state: neverScheduled(key, ids.next(), now), messages: granted() },
    { urgency: "background" },
  ),
  on(
    deliveryCommands.HandOverParcel,
    (shipment: Shipment | undefined, _asked, { now }: DecisionContext) => letGo(carrier, known(shipment), now),
    { urgency: "background" },
  ),
];

/** The carrier's next move is due. */
export const shipmentTimers = (carrier: Carrier): readonly TimerHandler<Shipment, never>[] => [
  {
    kind: CARRIER_TIMER,
    decide(shipment, { now }) {
      const present = known(shipment);
      const next = carrier.planned(present);
      return next ? decided(carrier, present, parcelMoves[next.move](present, now), now) : {};
    },
  },
];
