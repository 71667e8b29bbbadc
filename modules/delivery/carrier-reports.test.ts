import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../../runtime/property.fixture.ts";
import { type CarrierReport, carrierReported } from "./carrier-reports.ts";
import { command, contextAt, idleCarrier, shipmentIn } from "./shipment.fixture.ts";
import { awaitsHandOver, type Shipment } from "./shipment.ts";
import type { ShipmentStatus } from "./status.ts";

const said = (name: string, attempt = 1): CarrierReport => ({
  type: `parcel.${name}` as CarrierReport["type"],
  attempt,
});
const report = (shipment: Shipment, what: CarrierReport) => {
  const { state, messages = [] } = carrierReported(idleCarrier).decide(shipment, what, contextAt(9));
  if (!state) throw new Error("a report is always taken");
  return { state, told: messages.map(({ type }) => type) };
};
const handedOver = (shipment: Shipment) => {
  const { state, messages = [] } = command(idleCarrier, "HandOverParcel", {}, shipment, 9);
  return { state: state ?? shipment, told: messages.map(({ type }) => type) };
};

test("before the hand-over a report asks for the dispatch, and happens right after the parcel has left", () => {
  const asked = report(shipmentIn("SCHEDULED"), said("delivery_failed", 2));
  expect([asked.state.status, asked.told]).toEqual(["SCHEDULED", ["DispatchRequested"]]);
  const again = report(asked.state, said("in_transit", 3));
  expect([again.state.stepsAfterHandOver, again.told]).toEqual([["fail", "fail", "depart"], []]);
  expect(report(again.state, said("in_transit", 1)).state).toEqual(again.state);
  const left = handedOver(again.state);
  expect([left.state.status, left.told]).toEqual([
    "IN_TRANSIT",
    ["ParcelHandedOver", "DeliveryFailed", "DeliveryFailed"],
  ]);
});

test.each<[ShipmentStatus, string, number, ShipmentStatus, string[]]>([
  ["SCHEDULED", "pickup_requested", 1, "SCHEDULED", ["DispatchRequested"]],
  ["DISPATCHED", "pickup_requested", 1, "DISPATCHED", []],
  ["DISPATCHED", "in_transit", 1, "IN_TRANSIT", []],
  ["IN_TRANSIT", "in_transit", 1, "IN_TRANSIT", []],
  ["IN_TRANSIT", "in_transit", 2, "IN_TRANSIT", ["DeliveryFailed"]],
  ["DISPATCHED", "delivered", 1, "DELIVERED", ["ParcelDelivered"]],
  ["FAILED", "delivered", 1, "DELIVERED", ["ParcelDelivered"]],
  ["IN_TRANSIT", "delivery_failed", 3, "RETURNING", ["DeliveryFailed", "DeliveryFailed", "DeliveryFailed"]],
  ["RETURNING", "delivered", 1, "RETURNING", []],
  ["RETURNING", "returned", 1, "RETURNED", ["ParcelReturned"]],
  ["RETURNED", "delivered", 1, "RETURNED", []],
  ["DELIVERED", "returned", 1, "DELIVERED", []],
  ["CANCELLED", "delivered", 1, "CANCELLED", []],
])("%s: of %s, attempt %d, it becomes %s", (status, name, attempt, becomes, told) => {
  const after = report(shipmentIn(status), said(name, attempt));
  expect([after.state.status, after.told]).toEqual([becomes, told]);
});

const attempts = [1, 2, 3].map((attempt) => [said("in_transit", attempt), said("delivery_failed", attempt)] as const);
/** What a carrier tells of a parcel whose first attempts fail, and the status that it comes to. */
const stories: readonly (readonly [readonly CarrierReport[], ShipmentStatus])[] = [
  [[said("pickup_requested")], "DISPATCHED"],
  [[said("pickup_requested"), said("in_transit")], "IN_TRANSIT"],
  [[said("in_transit"), said("delivered")], "DELIVERED"],
  [attempts.slice(0, 2).flat(), "FAILED"],
  [[...attempts.slice(0, 2).flat(), said("in_transit", 3)], "IN_TRANSIT"],
  [[...attempts.slice(0, 2).flat(), said("in_transit", 3), said("delivered", 3)], "DELIVERED"],
  [attempts.flat(), "RETURNING"],
  [[...attempts.flat(), said("returned", 3)], "RETURNED"],
];

const world = fc.constantFrom(...stories).chain(([reports, end]) =>
  fc.record({
    reports: fc.shuffledSubarray([...reports, ...reports], { minLength: reports.length * 2 }),
    end: fc.constant(end),
    leavesAfter: fc.nat(reports.length * 2),
  }),
);

test("in whatever order reports come, repeated, before the hand-over or after it, the parcel comes to where it is", () => {
  verify(
    fc.property(world, ({ reports, end, leavesAfter }) => {
      let shipment = shipmentIn("SCHEDULED");
      const told: string[] = [];
      const take = (step: { readonly state: Shipment; readonly told: readonly string[] }) => {
        shipment = step.state;
        told.push(...step.told);
      };
      for (const [index, each] of reports.entries()) {
        if (index >= leavesAfter && awaitsHandOver(shipment)) take(handedOver(shipment));
        take(report(shipment, each));
      }
      if (awaitsHandOver(shipment)) take(handedOver(shipment));
      expect(shipment.status).toBe(end);
      expect(told.slice(0, 2)).toEqual(["DispatchRequested", "ParcelHandedOver"]);
      expect(new Set(told.filter((type) => type !== "DeliveryFailed")).size).toBe(
        told.filter((type) => type !== "DeliveryFailed").length,
      );
      // All attempts that failed are told, unless the parcel was said to be delivered first.
      const failed = told.filter((type) => type === "DeliveryFailed").length;
      const tried = reports.filter(({ type }) => type === "parcel.delivery_failed").length / 2;
      if (end === "DELIVERED") expect(failed).toBeLessThanOrEqual(tried);
      else expect(failed).toBe(tried);
    }),
    1_000,
  );
});
