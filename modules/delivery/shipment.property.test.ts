import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { createCarrierSimulator } from "./adapters/simulator.ts";
import { shipmentInvariants } from "./invariants.ts";
import { asked, command, contextAt } from "./shipment.fixture.ts";
import { awaitsHandOver, type Shipment, shipmentTimers } from "./shipment.ts";
import { deliverySteps, takeStep } from "./steps.ts";
import { shipmentStore } from "./store.ts";

const moments = [
  ...deliverySteps,
  "ScheduleShipment",
  "CancelShipment",
  "HandOverParcel",
  /** The timer that is set fires, however late. */
  "timer",
  /** A timer fires that is not set any more. */
  "stray timer",
] as const;
type Moment = (typeof moments)[number];

const world = fc.record({
  pace: fc.record({ stepMs: fc.constantFrom(0, 100), returnMs: fc.constant(30) }),
  moments: fc.array(fc.tuple(fc.constantFrom<Moment>(...moments), fc.nat(200)), { maxLength: 30, size: "max" }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** A letter an event: what is told must make a legal word. */
const letters: Readonly<Record<string, string>> = {
  ShipmentScheduled: "S",
  DispatchRequested: "D",
  ShipmentCancelled: "C",
  ParcelHandedOver: "H",
  ParcelDelivered: "P",
  ParcelReturned: "B",
  ShipmentCancelRefused: "R",
};
const letterOf = (type: string, data: string) =>
  type === "DeliveryFailed" ? (JSON.parse(data).final ? "F" : "f") : (letters[type] ?? "?");
const LEGAL = /^S(D?C?|DH(f{0,2}P?|ffFB?))$/;

function open({ pace }: Pick<World, "pace">) {
  const carrier = createCarrierSimulator(pace);
  const [timer] = shipmentTimers(carrier);
  if (!timer) throw new Error("there is no timer");
  let shipment: Shipment | undefined;
  let dueMs: number | null = null;
  let now = 1000;
  let told = "";
  /** Steps that the operator was told are taken, and deliveries that the carrier made. */
  let atTheDoor = 0;

  function take(decision: Decision<Shipment>) {
    const before = shipment;
    shipment = decision.state ?? before;
    const words = (decision.messages ?? []).map(({ type, data }) => letterOf(type, data)).join("");
    // What changes nothing only says again what was told, or refuses to cancel what has left.
    if (shipment === before) for (const letter of words) expect(told).toContain(letter === "R" ? "H" : letter);
    else told += words;
    shipmentInvariants(before, decision, new Map<string, never>());
    if (before && shipment) expect(shipmentStore.frozenChange(before, shipment)).toBeUndefined();
    for (const set of decision.setTimers ?? []) dueMs = set.dueMs;
    if (decision.cancelTimers) dueMs = null;
    return words;
  }
  function fire() {
    if (shipment && take(timer?.decide(shipment, contextAt(now)) ?? {}).includes("P")) atTheDoor++;
  }
  function order(type: string, data = {}) {
    take(command(carrier, type, data, shipment, now));
  }
  const mayLetGo = (present: Shipment) => present.dispatchAskedAt !== null && present.status !== "CANCELLED";

  function happen(moment: Moment) {
    if (moment === "ScheduleShipment" || !shipment) return order("ScheduleShipment", asked);
    switch (moment) {
      case "CancelShipment":
        return order(moment);
      case "HandOverParcel":
        if (mayLetGo(shipment)) return order(moment);
        return expect(() => order(moment)).toThrow("nobody waits for it");
      case "timer":
        if (dueMs === null) return;
        now = Math.max(now, dueMs);
        dueMs = null;
        return fire();
      case "stray timer":
        return fire();
      default: {
        const { answer, ...decision } = takeStep(carrier).decide(shipment, moment, contextAt(now));
        expect(decision.state !== undefined).toBe(answer.kind === "taken");
        take(decision);
        if (answer.kind === "taken" && moment !== "dispatch") atTheDoor++;
      }
    }
  }
  return {
    happen,
    pass: (ms: number) => {
      now += ms;
    },
    read: () => {
      if (!shipment) throw new Error("nothing was scheduled");
      return { shipment, dueMs, told, atTheDoor };
    },
  };
}

/** The history begins SCHEDULED, in the order of time; that it goes on as it may is an invariant. */
function checkHistory({ history }: Shipment) {
  expect(history[0]?.status).toBe("SCHEDULED");
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).toSorted((a, b) => a - b));
  expect(history.length).toBeLessThanOrEqual(10);
}

function play(each: World) {
  const delivery = open(each);
  delivery.happen("ScheduleShipment");
  for (const [moment, ms] of each.moments) {
    delivery.pass(ms);
    delivery.happen(moment);
  }
  return delivery;
}

test("whatever is asked, reported and due, in any order: what is told of a parcel is a legal story", () => {
  verify(
    fc.property(world, (each) => {
      const { shipment, told, atTheDoor, dueMs } = play(each).read();
      expect(told).toMatch(LEGAL);
      checkHistory(shipment);
      // What an operator was told is taken has happened, or happens after the hand-over.
      if (shipment.status !== "CANCELLED")
        expect(told.replaceAll(/[^fFP]/g, "").length + shipment.stepsAfterHandOver.length).toBe(atTheDoor);
      else expect([shipment.stepsAfterHandOver, dueMs]).toEqual([[], null]);
    }),
    1_000,
  );
});

test("a parcel that may leave and that the carrier moves comes to its end by itself", () => {
  verify(
    fc.property(world, (each) => {
      const delivery = play(each);
      for (let n = 0; n < 20; n++) {
        if (awaitsHandOver(delivery.read().shipment)) delivery.happen("HandOverParcel");
        delivery.happen("timer");
      }
      const { shipment, told, dueMs } = delivery.read();
      expect(told).toMatch(LEGAL);
      expect(dueMs).toBeNull();
      const ends = ["DELIVERED", "RETURNED", "CANCELLED"];
      // A carrier that stands still brings back what could not be delivered all the same.
      if (each.pace.stepMs === 0) ends.push("SCHEDULED", "DISPATCHED", "FAILED", "IN_TRANSIT");
      expect(ends).toContain(shipment.status);
    }),
    300,
  );
});
