import { describe, expect, test } from "bun:test";
import type { OutgoingMessage } from "../../runtime/messages/contract.ts";
import { createCarrierSimulator } from "./adapters/simulator.ts";
import { deliveryCommands, deliveryEvents } from "./contract.ts";
import { asked, command, contextAt, idleCarrier, ORDER, shipmentIn } from "./shipment.fixture.ts";
import { mayBecome, parcelMoves, type Shipment, shipmentHandlers, shipmentTimers, withStatus } from "./shipment.ts";
import { type ShipmentStatus, shipmentStatuses, shipmentTransitions } from "./status.ts";

const decide = (type: string, state: Shipment | undefined, now = 2000) =>
  command(idleCarrier, type, type === "ScheduleShipment" ? asked : {}, state, now);
const told = (messages: readonly OutgoingMessage[] = []) => messages.map(({ type, data }) => [type, JSON.parse(data)]);
const awaited = shipmentIn("SCHEDULED", { dispatchAskedAt: 5 });

test("every command has its handler, off the customer's path", () => {
  const named = shipmentHandlers(idleCarrier).map(({ topic, type, urgency }) => ({ topic, type, urgency }));
  const commands = Object.values(deliveryCommands).map(({ topic, type }) => ({ topic, type, urgency: "background" }));
  expect(named).toEqual(expect.arrayContaining(commands));
  expect(named).toHaveLength(commands.length);
});

describe("ScheduleShipment", () => {
  test("makes a shipment and tells its id", () => {
    const { state, messages } = decide("ScheduleShipment", undefined, 1000);
    expect(state).toEqual({
      orderId: ORDER,
      id: "id-1000-1",
      ...asked,
      status: "SCHEDULED",
      dispatchAskedAt: null,
      stepsAfterHandOver: [],
      history: [{ status: "SCHEDULED", at: 1000 }],
      createdAt: 1000,
      updatedAt: 1000,
    });
    const { topic, type } = deliveryEvents.ShipmentScheduled;
    expect(messages).toEqual([{ topic, type, data: '{"deliveryId":"id-1000-1"}' }]);
  });

  test("asked again is answered with the same shipment, unchanged", () => {
    const { state, messages } = decide("ScheduleShipment", shipmentIn("SCHEDULED"));
    expect(state).toEqual(shipmentIn("SCHEDULED"));
    expect(told(messages)).toEqual([["ShipmentScheduled", { deliveryId: "the-delivery" }]]);
  });
});

describe("CancelShipment", () => {
  test.each([
    ["before a dispatch was asked for", shipmentIn("SCHEDULED")],
    ["while the hand-over is awaited", { ...awaited, stepsAfterHandOver: ["deliver"] as const }],
  ])("%s: the parcel stays here", (_when, before) => {
    const { state, messages } = decide("CancelShipment", before);
    expect(state).toEqual({
      ...before,
      status: "CANCELLED",
      stepsAfterHandOver: [],
      history: [...before.history, { status: "CANCELLED", at: 2000 }],
      updatedAt: 2000,
    });
    expect(told(messages)).toEqual([["ShipmentCancelled", {}]]);
    expect(decide("CancelShipment", state)).toEqual({ messages: messages ?? [] });
  });

  test.each(shipmentStatuses.filter((status) => status !== "SCHEDULED" && status !== "CANCELLED"))(
    "of a parcel that is %s is refused, each time",
    (status) => {
      const { topic, type } = deliveryEvents.ShipmentCancelRefused;
      expect(decide("CancelShipment", shipmentIn(status))).toEqual({ messages: [{ topic, type, data: "{}" }] });
    },
  );
});

describe("HandOverParcel", () => {
  test("lets the parcel go that was asked for", () => {
    const { state, messages } = decide("HandOverParcel", awaited);
    expect(state).toMatchObject({ status: "DISPATCHED", dispatchAskedAt: 5, updatedAt: 2000 });
    expect(told(messages)).toEqual([["ParcelHandedOver", {}]]);
  });

  test("what was reported before happens right after it, in order", () => {
    const { state, messages } = decide("HandOverParcel", {
      ...awaited,
      stepsAfterHandOver: ["fail", "fail", "deliver"],
    });
    expect(state).toMatchObject({ status: "DELIVERED", stepsAfterHandOver: [] });
    expect(state?.history.map(({ status }) => status)).toEqual([
      "SCHEDULED",
      "DISPATCHED",
      "FAILED",
      "FAILED",
      "DELIVERED",
    ]);
    expect(told(messages)).toEqual([
      ["ParcelHandedOver", {}],
      ["DeliveryFailed", { attempt: 1, final: false }],
      ["DeliveryFailed", { attempt: 2, final: false }],
      ["ParcelDelivered", {}],
    ]);
  });

  test("repeated is answered again and changes nothing", () => {
    for (const status of ["DISPATCHED", "IN_TRANSIT", "DELIVERED", "FAILED", "RETURNING", "RETURNED"] as const) {
      const { messages, ...rest } = decide("HandOverParcel", shipmentIn(status));
      expect(rest).toEqual({});
      expect(told(messages)).toEqual([["ParcelHandedOver", {}]]);
    }
  });

  test("of a parcel that nobody waits for is a bug", () => {
    expect(() => decide("HandOverParcel", shipmentIn("SCHEDULED"))).toThrow("SCHEDULED, and nobody waits");
    expect(() => decide("HandOverParcel", shipmentIn("CANCELLED", { dispatchAskedAt: 5 }))).toThrow("CANCELLED");
    expect(() => decide("HandOverParcel", undefined)).toThrow("no such shipment");
  });
});

test("the third failed attempt is final, wherever the parcel was in between", () => {
  let shipment = shipmentIn("DISPATCHED");
  const attempts: unknown[] = [];
  for (const moves of [["fail"], ["fail"], ["depart", "fail"]] as const)
    for (const move of moves) {
      const { state, messages } = parcelMoves[move](shipment, 7);
      shipment = state;
      attempts.push(...told(messages));
    }
  expect(attempts).toEqual([1, 2, 3].map((attempt) => ["DeliveryFailed", { attempt, final: attempt === 3 }]));
  expect(shipment.history.map(({ status }) => status)).toEqual([
    "SCHEDULED",
    "FAILED",
    "FAILED",
    "IN_TRANSIT",
    "FAILED",
    "RETURNING",
  ]);
  const back = parcelMoves.bringBack(shipment, 8);
  expect([back.state.status, told(back.messages)]).toEqual(["RETURNED", [["ParcelReturned", {}]]]);
});

describe("the carrier's timer", () => {
  const carrier = createCarrierSimulator({ stepMs: 100, returnMs: 7 });
  const fire = (state: Shipment | undefined, by = carrier) =>
    shipmentTimers(by)[0]?.decide(state, contextAt(2000)) ?? {};
  const timer = (afterMs: number) => [{ kind: "carrier", dueMs: 2000 + afterMs }];

  test("is set with the shipment, waits out the hand-over, and is gone at the end", () => {
    expect(command(carrier, "ScheduleShipment", asked, undefined, 2000).setTimers).toEqual(timer(150));
    const requested = fire(shipmentIn("SCHEDULED"));
    expect(told(requested.messages)).toEqual([["DispatchRequested", {}]]);
    expect(requested).toMatchObject({ state: { dispatchAskedAt: 2000 }, cancelTimers: ["carrier"] });
    const handedOver = command(carrier, "HandOverParcel", {}, requested.state, 2000);
    expect(handedOver.setTimers).toEqual(timer(100));
    const onTheWay = fire(handedOver.state);
    expect(onTheWay).toMatchObject({ state: { status: "IN_TRANSIT" }, messages: [], setTimers: timer(100) });
    const delivered = fire(onTheWay.state);
    expect(delivered).toMatchObject({ state: { status: "DELIVERED" }, cancelTimers: ["carrier"] });
    expect(told(delivered.messages)).toEqual([["ParcelDelivered", {}]]);
  });

  test("goes with a cancelled shipment, and stays where a command changes nothing", () => {
    expect(command(carrier, "CancelShipment", {}, shipmentIn("SCHEDULED"), 2000).cancelTimers).toEqual(["carrier"]);
    for (const type of ["CancelShipment", "HandOverParcel"]) {
      const { setTimers, cancelTimers } = command(carrier, type, {}, shipmentIn("IN_TRANSIT"), 2000);
      expect([setTimers, cancelTimers]).toEqual([undefined, undefined]);
    }
    const again = command(carrier, "ScheduleShipment", asked, shipmentIn("SCHEDULED"), 2000);
    expect([again.setTimers, again.cancelTimers]).toEqual([undefined, undefined]);
  });

  test("does nothing where the carrier no longer moves anything", () => {
    const idle = createCarrierSimulator({ stepMs: 0, returnMs: 7 });
    for (const status of shipmentStatuses.filter((each) => each !== "RETURNING"))
      expect(fire(shipmentIn(status), idle)).toEqual({});
    expect(fire(shipmentIn("RETURNING"), idle).state?.status).toBe("RETURNED");
    expect(command(idle, "ScheduleShipment", asked, undefined, 2000).setTimers).toBeUndefined();
    expect(() => fire(undefined)).toThrow("no such shipment");
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
    "FAILED FAILED",
    "FAILED IN_TRANSIT",
    "FAILED DELIVERED",
    "FAILED RETURNING",
    "RETURNING RETURNED",
  ];

  for (const from of shipmentStatuses) {
    test(`goes from ${from} only where it may`, () => {
      for (const to of shipmentStatuses) {
        const before = shipmentIn(from);
        const may = legal.includes(`${from} ${to}`);
        expect(mayBecome(before, to)).toBe(may);
        const history = [...before.history, { status: to, at: 9 }];
        if (may) expect(withStatus(before, to, 9)).toEqual({ ...before, status: to, history, updatedAt: 9 });
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
