/** One order's shipment. There is at most one an order: asking again for it is answered with the one that is there. */
import type { z } from "zod";
import { message } from "../../runtime/messages/contract.ts";
import { type Decision, type DecisionContext, on } from "../../runtime/messages/decision.ts";
import { type Address, deliveryCommands, deliveryEvents } from "./contract.ts";

export const shipmentStatuses = [
  "SCHEDULED",
  "DISPATCHED",
  "IN_TRANSIT",
  "DELIVERED",
  "FAILED",
  "RETURNING",
  "RETURNED",
  "CANCELLED",
] as const;

export type ShipmentStatus = (typeof shipmentStatuses)[number];

/**
 * Where a shipment may go from each status. A parcel that has left cannot be cancelled; FAILED stands for an attempt,
 * after which the carrier tries again or brings the parcel back; a delivered one comes back when it is returned.
 */
export const shipmentTransitions: Readonly<Record<ShipmentStatus, readonly ShipmentStatus[]>> = {
  SCHEDULED: ["DISPATCHED", "CANCELLED"],
  DISPATCHED: ["IN_TRANSIT", "DELIVERED", "FAILED"],
  IN_TRANSIT: ["DELIVERED", "FAILED"],
  DELIVERED: ["RETURNING"],
  FAILED: ["FAILED", "IN_TRANSIT", "DELIVERED", "RETURNING"],
  RETURNING: ["RETURNED"],
  RETURNED: [],
  CANCELLED: [],
};

export interface ShipmentLine {
  readonly sku: string;
  readonly quantity: number;
}

export interface Shipment {
  readonly orderId: string;
  readonly id: string;
  readonly customerId: string;
  readonly status: ShipmentStatus;
  readonly address: Address;
  readonly lines: readonly ShipmentLine[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The shipment in another status. Throws where the transition is not legal: its caller had to ask `mayBecome`. */
export function withStatus(shipment: Shipment, status: ShipmentStatus, now: number): Shipment {
  if (!mayBecome(shipment, status)) {
    throw new Error(`the shipment of order ${shipment.orderId} is ${shipment.status} and cannot become ${status}`);
  }
  return { ...shipment, status, updatedAt: now };
}

export const mayBecome = (shipment: Shipment, status: ShipmentStatus) =>
  shipmentTransitions[shipment.status].includes(status);

type ScheduleShipment = z.infer<typeof deliveryCommands.ScheduleShipment.schema>;

function schedule(
  shipment: Shipment | undefined,
  { customerId, address, lines }: ScheduleShipment,
  { key, now, ids }: DecisionContext,
): Decision<Shipment> {
  const scheduled: Shipment = shipment ?? {
    orderId: key,
    id: ids.next(),
    customerId,
    status: "SCHEDULED",
    address,
    lines,
    createdAt: now,
    updatedAt: now,
  };
  return {
    state: scheduled,
    messages: [message(deliveryEvents.ShipmentScheduled, { deliveryId: scheduled.id })],
  };
}

/** Handlers of `delivery.commands`. */
export const shipmentHandlers = [on(deliveryCommands.ScheduleShipment, schedule, { urgency: "background" })];
