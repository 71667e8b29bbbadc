import { expect, test } from "bun:test";
import { shipmentInvariants } from "./invariants.ts";
import { shipmentIn } from "./shipment.fixture.ts";
import type { Shipment } from "./shipment.ts";

const scheduled = shipmentIn("SCHEDULED");
const check = (change: Partial<Shipment>) =>
  shipmentInvariants(scheduled, { state: { ...scheduled, ...change } }, new Map<string, never>());
const since = (...statuses: Shipment["status"][]) => [
  ...scheduled.history,
  ...statuses.map((status) => ({ status, at: 2 })),
];

test("a parcel goes a legal way, of one step or of more", () => {
  expect(() => check({ dispatchAskedAt: 1, stepsAfterHandOver: ["deliver"] })).not.toThrow();
  expect(() => check({ status: "DELIVERED", history: since("DISPATCHED", "DELIVERED") })).not.toThrow();
});

test.each<[string, Partial<Shipment>]>([
  ["delivers what has not left", { status: "DELIVERED", history: since("DELIVERED") }],
  ["changes the status behind the history's back", { status: "CANCELLED" }],
  ["records what is not so", { history: since("CANCELLED") }],
  ["rewrites the history", { history: [{ status: "SCHEDULED", at: 2 }] }],
  ["puts off steps of a parcel that nobody wants", { stepsAfterHandOver: ["deliver"] }],
])("a decision that %s is not written", (_what, change) => {
  expect(() => check(change)).toThrow("invariant broken");
});
