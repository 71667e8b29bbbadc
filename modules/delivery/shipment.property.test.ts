import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { type Shipment, type ShipmentStatus, shipmentHandlers, shipmentStatuses, withStatus } from "./shipment.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";
const asked = {
  customerId: "alice",
  address: { name: "Alice", line1: "1 Road", city: "Taipei", postalCode: "100", country: "TW" },
  lines: [{ sku: "SKU-001", quantity: 2 }],
};

const schedule = (state: Shipment | undefined, now: number) => {
  const [handler] = shipmentHandlers;
  if (!handler) throw new Error("there is no handler");
  const context = { key: ORDER, now, ids: { next: () => `id-${now}` }, shared: new Map<string, never>() };
  return handler.prepare(JSON.stringify(asked)).decide(state, context);
};

test("an order has one shipment however often it is asked for and wherever it stands, and an end is never left", () => {
  const move = fc.constantFrom<ShipmentStatus | "ask">("ask", ...shipmentStatuses);
  verify(
    fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      let shipment = schedule(undefined, 1).state;
      if (!shipment) throw new Error("nothing was scheduled");
      const left = new Set<ShipmentStatus>();
      for (const [index, to] of moves.entries()) {
        const before: Shipment = shipment;
        if (to === "ask") {
          const { state, messages } = schedule(before, index + 2);
          expect(state).toEqual(before);
          expect(JSON.parse(messages?.[0]?.data ?? "")).toEqual({ deliveryId: "id-1" });
          continue;
        }
        try {
          shipment = withStatus(before, to, index + 2);
          if (shipment.status !== before.status) left.add(before.status);
        } catch {
          expect(shipment).toBe(before);
        }
        expect({ ...shipment, status: 0, updatedAt: 0 }).toEqual({ ...before, status: 0, updatedAt: 0 });
      }
      for (const status of ["RETURNED", "CANCELLED"] as const) expect(left.has(status)).toBe(false);
      // What has left the house is never cancelled.
      if (left.has("DISPATCHED")) expect(shipment.status).not.toBe("CANCELLED");
      // SCHEDULED, or a delivery that was brought back, is never come back to.
      if (left.has("SCHEDULED")) expect(shipment.status).not.toBe("SCHEDULED");
    }),
    300,
  );
});
