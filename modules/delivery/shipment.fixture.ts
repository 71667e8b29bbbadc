import { systemClock } from "../../runtime/clock.ts";
import type { DecisionContext } from "../../runtime/messages/decision.ts";
import type { Carrier } from "./carrier.ts";
import { type Shipment, shipmentHandlers } from "./shipment.ts";
import type { ShipmentStatus } from "./status.ts";
import type { StepDeps } from "./step-request.ts";

export const ORDER = "01900000-0000-7000-8000-000000000001";

/** What a ScheduleShipment asks for. */
export const asked = {
  customerId: "alice",
  address: { name: "Alice", line1: "1 Road", city: "Taipei", postalCode: "100", country: "TW" },
  lines: [{ sku: "SKU-001", quantity: 2 }],
};

/** A shipment that came to `status` without a word of how; asked for a dispatch unless it needs none. */
export const shipmentIn = (status: ShipmentStatus, change: Partial<Shipment> = {}): Shipment => ({
  orderId: ORDER,
  id: "the-delivery",
  ...asked,
  status,
  dispatchAskedAt: status === "SCHEDULED" || status === "CANCELLED" ? null : 1,
  stepsAfterHandOver: [],
  history: [{ status: "SCHEDULED", at: 1 }],
  createdAt: 1,
  updatedAt: 1,
  ...change,
});

export function contextAt(now: number): DecisionContext {
  let made = 0;
  return { key: ORDER, now, ids: { next: () => `id-${now}-${++made}` }, shared: new Map<string, never>() };
}

/** Decides a command of `delivery.commands`. */
export function command(carrier: Carrier, type: string, data: object, state: Shipment | undefined, now: number) {
  const handler = shipmentHandlers(carrier).find((each) => each.type === type);
  if (!handler) throw new Error(`nobody handles ${type}`);
  return handler.prepare(JSON.stringify(data)).decide(state, contextAt(now));
}

/** Moves nothing by itself. */
export const idleCarrier: Carrier = { planned: () => null };

/** Commands are decided on this shipment, and nothing is kept of them. */
export const stepDeps = (shipment: Shipment, change: Partial<StepDeps> = {}): StepDeps => ({
  lane: {
    execute: async (command, _key, input) => ({
      kind: "decided",
      answer: command.decide(shipment, input, contextAt(9)).answer,
    }),
  },
  carrier: idleCarrier,
  clock: systemClock,
  earlier: async () => undefined,
  find: async (id) => (id === shipment.id ? shipment : undefined),
  ...change,
});
