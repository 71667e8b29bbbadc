import { expect, test } from "bun:test";
import { ProblemError } from "../../runtime/http/problem.ts";
import { requestAddressChange } from "./address-change.ts";
import { asked, shipmentIn, stepDeps } from "./shipment.fixture.ts";
import type { Shipment } from "./shipment.ts";
import { shipmentStatuses } from "./status.ts";

const elsewhere = { ...asked.address, line1: "2 Street" };

/** The delivery afterwards, or the status and type of the problem. */
async function change(shipment: Shipment, address = elsewhere) {
  const wanted = { address, traceparent: null, operator: null };
  try {
    return await requestAddressChange(stepDeps(shipment), shipment, wanted);
  } catch (error) {
    if (error instanceof ProblemError) return [error.problem.status, error.problem.type];
    throw error;
  }
}

test("a parcel that nobody wants to take yet goes elsewhere", async () => {
  const shipment = shipmentIn("SCHEDULED");
  expect(await change(shipment)).toEqual({ ...shipment, address: elsewhere, updatedAt: 9 });
});

test("once its dispatch was asked for it is too late, and ever after", async () => {
  const tooLate = [409, "/problems/address-fixed"];
  expect(await change(shipmentIn("SCHEDULED", { dispatchAskedAt: 5 }))).toEqual(tooLate);
  for (const status of shipmentStatuses)
    if (status !== "SCHEDULED") expect(await change(shipmentIn(status))).toEqual(tooLate);
});

test("tax and shipping were paid for its country", async () => {
  const abroad = { ...elsewhere, country: "US" };
  expect(await change(shipmentIn("SCHEDULED"), abroad)).toEqual([422, "/problems/address-country"]);
});
