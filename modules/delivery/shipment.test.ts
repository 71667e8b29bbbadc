import { describe, expect, test } from "bun:test";
import type { DecisionContext } from "../../runtime/messages/decision.ts";
import { deliveryCommands, deliveryEvents } from "./contract.ts";
import {
  mayBecome,
  type Shipment,
  type ShipmentStatus,
  shipmentHandlers,
  shipmentStatuses,
  shipmentTransitions,
  withStatus,
} from "./shipment.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";
const asked = {
  customerId: "alice",
  address: { name: "Alice", line1: "1 Road", city: "Taipei", postalCode: "100", country: "TW" },
  lines: [{ sku: "SKU-001", quantity: 2 }],
};

function context(now: number): DecisionContext {
  let made = 0;
  return { key: ORDER, now, ids: { next: () => `id-${now}-${++made}` }, shared: new Map<string, never>() };
}

function schedule(state: Shipment | undefined, now: number) {
  const [handler] = shipmentHandlers;
  if (!handler) throw new Error("there is no handler");
  expect(handler).toMatchObject({ ...pick(deliveryCommands.ScheduleShipment), urgency: "background" });
  return handler.prepare(JSON.stringify(asked)).decide(state, context(now));
}

const pick = ({ topic, type }: { topic: string; type: string }) => ({ topic, type });

const shipment = (status: ShipmentStatus): Shipment => ({
  orderId: ORDER,
  id: "the-delivery",
  ...asked,
  status,
  createdAt: 1,
  updatedAt: 1,
});

describe("ScheduleShipment", () => {
  test("makes a shipment and tells its id", () => {
    const { state, messages } = schedule(undefined, 1000);
    expect(state).toEqual({
      orderId: ORDER,
      id: "id-1000-1",
      ...asked,
      status: "SCHEDULED",
      createdAt: 1000,
      updatedAt: 1000,
    });
    expect(messages).toEqual([{ ...pick(deliveryEvents.ShipmentScheduled), data: '{"deliveryId":"id-1000-1"}' }]);
  });

  test("asked again is answered with the same shipment, unchanged", () => {
    const { state, messages } = schedule(shipment("SCHEDULED"), 2000);
    expect(state).toEqual(shipment("SCHEDULED"));
    expect(messages).toEqual([{ ...pick(deliveryEvents.ShipmentScheduled), data: '{"deliveryId":"the-delivery"}' }]);
  });
});

describe("a shipment's status", () => {
  const legal = [
    "SCHEDULED DISPATCHED",
    "SCHEDULED CANCELLED",
    "DISPATCHED IN_TRANSIT",
    "DISPATCHED DELIVERED",
    "DISPATCHED FAILED",
    "IN_TRANSIT DELIVERED",
    "IN_TRANSIT FAILED",
    "DELIVERED RETURNING",
    "FAILED FAILED",
    "FAILED IN_TRANSIT",
    "FAILED DELIVERED",
    "FAILED RETURNING",
    "RETURNING RETURNED",
  ];

  for (const from of shipmentStatuses) {
    test(`goes from ${from} only where it may`, () => {
      for (const to of shipmentStatuses) {
        const before = shipment(from);
        const may = legal.includes(`${from} ${to}`);
        expect(mayBecome(before, to)).toBe(may);
        if (may) expect(withStatus(before, to, 9)).toEqual({ ...before, status: to, updatedAt: 9 });
        else expect(() => withStatus(before, to, 9)).toThrow(`is ${from} and cannot become ${to}`);
      }
    });
  }

  test("can be reached from SCHEDULED, each of them", () => {
    const reached = new Set<ShipmentStatus>(["SCHEDULED"]);
    for (const status of reached) for (const next of shipmentTransitions[status]) reached.add(next);
    expect([...reached].sort()).toEqual([...shipmentStatuses].sort());
  });
});
