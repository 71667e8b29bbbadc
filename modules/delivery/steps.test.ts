import { expect, test } from "bun:test";
import { contextAt, idleCarrier, shipmentIn } from "./shipment.fixture.ts";
import type { DoorStep, Shipment } from "./shipment.ts";
import { shipmentStatuses } from "./status.ts";
import { type DeliveryStep, deliverySteps, takeStep } from "./steps.ts";

const take = (shipment: Shipment, step: DeliveryStep) => takeStep(idleCarrier).decide(shipment, step, contextAt(9));
const awaiting = (...steps: DoorStep[]) => shipmentIn("SCHEDULED", { dispatchAskedAt: 5, stepsAfterHandOver: steps });

const legalIn: Readonly<Record<string, readonly DeliveryStep[]>> = {
  SCHEDULED: ["dispatch"],
  DISPATCHED: ["dispatch", "deliver", "fail"],
  IN_TRANSIT: ["dispatch", "deliver", "fail"],
  FAILED: ["deliver", "fail"],
};

test.each(shipmentStatuses)("%s: a step that is not legal changes nothing and names those that are", (status) => {
  const legal = legalIn[status] ?? [];
  for (const step of deliverySteps) {
    const decision = take(shipmentIn(status), step);
    if (legal.includes(step)) expect(decision.answer.kind).toBe("taken");
    else expect(decision).toEqual({ answer: { kind: "illegal", status, expected: null, legal } });
  }
});

test("dispatch is asked for; repeated it only tells so again until the parcel has left, and counts as accepted", () => {
  const first = take(shipmentIn("SCHEDULED"), "dispatch");
  expect(first.messages?.map(({ type }) => type)).toEqual(["DispatchRequested"]);
  expect(first.state).toMatchObject({ status: "SCHEDULED", dispatchAskedAt: 9 });
  for (const before of [awaiting(), awaiting("deliver"), shipmentIn("DISPATCHED"), shipmentIn("IN_TRANSIT")])
    expect(take(before, "dispatch")).toEqual({
      state: before,
      messages: before.status === "SCHEDULED" ? (first.messages ?? []) : [],
      answer: { kind: "taken", shipment: before },
    });
});

test("after the hand-over a step happens at once", () => {
  const delivered = take(shipmentIn("FAILED"), "deliver");
  expect(delivered.state?.status).toBe("DELIVERED");
  expect(delivered.messages?.map(({ type }) => type)).toEqual(["ParcelDelivered"]);
});

test("while the hand-over is awaited a step is kept, and nothing is told", () => {
  const shipment = { ...awaiting("fail", "deliver"), updatedAt: 9 };
  expect(take(awaiting("fail"), "deliver")).toEqual({
    state: shipment,
    messages: [],
    answer: { kind: "taken", shipment },
  });
});

test.each([
  [["deliver"], "DELIVERED"],
  [["fail", "fail", "fail"], "RETURNING"],
] as const)("while the hand-over is awaited, what is kept (%p) tells what else is legal", (kept, expected) => {
  for (const step of ["deliver", "fail"] as const)
    expect(take(awaiting(...kept), step).answer).toEqual({
      kind: "illegal",
      status: "SCHEDULED",
      expected,
      legal: ["dispatch"],
    });
});
