/** A step with its ports under the test's control: what no journey can make happen at a given moment. */
import { expect, test } from "bun:test";
import { problemIn } from "../../runtime/http/http.fixture.ts";
import { CommandUnavailable } from "../../runtime/messages/command-unavailable.ts";
import type { EarlierRequest } from "../../runtime/messages/earlier-request.ts";
import { contextAt, shipmentIn, stepDeps } from "./shipment.fixture.ts";
import { requestStep, type StepDeps } from "./step-request.ts";

const claim = { scope: "scope", bodyHash: "body" };
const delivered = shipmentIn("DELIVERED");

/** The module around `requestStep`, with one shipment. */
const depsWith = (shipment = delivered, change: Partial<StepDeps> = {}) => stepDeps(shipment, change);
const deliver = (deps: StepDeps, id = delivered.id) =>
  requestStep(deps, { id, step: "deliver", claim, traceparent: null, operator: null });
test("a step is taken under the order's key, and its key is kept with it", async () => {
  const asked: unknown[] = [];
  const deps = depsWith(shipmentIn("IN_TRANSIT"), {
    lane: {
      execute: async (command, key, input, options) => {
        asked.push([command.name, key, input, options.idempotency]);
        return { kind: "decided", answer: command.decide(shipmentIn("IN_TRANSIT"), input, contextAt(9)).answer };
      },
    },
  });
  expect((await deliver(deps)).status).toBe("DELIVERED");
  expect(asked).toEqual([
    ["take-step", delivered.orderId, "deliver", { ...claim, status: 202, reference: delivered.id }],
  ]);
});

test("a step that was taken under the same key before is not refused", async () => {
  const earlier: EarlierRequest = { kind: "replayed", status: 202, reference: delivered.id };
  expect(await deliver(depsWith(delivered, { earlier: async () => earlier }))).toBe(delivered);
  const reused = await problemIn(deliver(depsWith(delivered, { earlier: async () => ({ kind: "keyReused" }) })));
  expect(reused?.type).toBe("/problems/idempotency-key-reused");
});

test.each([
  [delivered, "The delivery is DELIVERED. No step is legal."],
  [shipmentIn("SCHEDULED"), "The delivery is SCHEDULED. Legal now: dispatch."],
  [
    shipmentIn("SCHEDULED", { dispatchAskedAt: 5, stepsAfterHandOver: ["deliver"] }),
    "The delivery is SCHEDULED, and DELIVERED as soon as it is handed over. Legal now: dispatch.",
  ],
])("a step that is not legal is refused with what is", async (shipment, detail) => {
  const refused = await problemIn(deliver(depsWith(shipment)));
  expect([refused?.status, refused?.detail]).toEqual([409, detail]);
});

test("what does not exist is a 404", async () => {
  expect((await problemIn(deliver(depsWith(), "another")))?.status).toBe(404);
});

test.each([
  ["none", "/problems/overloaded", "was not carried out"],
  ["unknown", "/problems/unavailable", "not known whether"],
] as const)("without an answer from the lane (%s) a 503 says what may have happened", async (outcome, type, detail) => {
  const execute = () => Promise.reject(new CommandUnavailable(outcome, "the database is away"));
  const error = await problemIn(deliver(depsWith(delivered, { lane: { execute } })));
  expect([error?.status, error?.type]).toEqual([503, type]);
  expect(error?.detail).toContain(detail);
  expect(error?.headers).toEqual({ "retry-after": "1" });
});

test("a bug stays a bug", async () => {
  const execute = () => Promise.reject(new TypeError("broken"));
  await expect(deliver(depsWith(delivered, { lane: { execute } }))).rejects.toThrow(TypeError);
});
