/** Events of the carrier with the lane under the test's control. */

import { expect, test } from "bun:test";
import { problemIn } from "../../runtime/http/http.fixture.ts";
import { eventClaim, signWebhook } from "../../runtime/http/webhook-signature.ts";
import { secret as secretOf } from "../../runtime/secret.ts";
import { idleCarrier, shipmentIn } from "./shipment.fixture.ts";
import { eventExample, receiveWebhook, type WebhookDeps } from "./webhooks.ts";

const SECRET = secretOf("a secret of the tests");
const NOW = Date.UTC(2026, 0, 31);
const shipment = shipmentIn("IN_TRANSIT", { id: "01900000-0000-7000-8000-0000000000ff" });

function bench() {
  const executed: unknown[] = [];
  const deps: WebhookDeps = {
    secrets: () => [SECRET],
    carrier: idleCarrier,
    clock: { now: () => NOW },
    earlier: async () => undefined,
    find: async (id) => (id === shipment.id ? shipment : undefined),
    lane: {
      async execute(command, key, input, { idempotency }) {
        executed.push([command.name, key, input, idempotency?.scope]);
        return { kind: "replayed", status: 204, reference: key };
      },
    },
  };
  const send = async (event: object, { sender = "simulator", secret = SECRET } = {}) => {
    const rawBody = new TextEncoder().encode(JSON.stringify(event));
    const request = { sender, rawBody, signature: signWebhook(secret, rawBody, NOW), traceparent: null };
    return (await problemIn(receiveWebhook(deps, request)))?.status ?? 204;
  };
  return { executed, send };
}

const event = (change: object = {}) => ({
  id: "evt_1",
  type: "parcel.delivered",
  data: { delivery: shipment.id },
  ...change,
});

test("an event is a report on its order's parcel, under its own id", async () => {
  const { executed, send } = bench();
  expect(await send(event())).toBe(204);
  expect(await send(event({ id: "evt_2", data: { delivery: shipment.id, attempt: 3, more: 1 } }))).toBe(204);
  const { scope } = eventClaim("simulator", "evt_1");
  expect(executed).toEqual([
    ["carrier-reported", shipment.orderId, { type: "parcel.delivered", attempt: 1 }, scope],
    ["carrier-reported", shipment.orderId, { type: "parcel.delivered", attempt: 3 }, expect.any(String)],
  ]);
});

test("what is unknown here, or of an unknown type, is acknowledged", async () => {
  const { executed, send } = bench();
  for (const strange of [event({ type: "parcel.weighed", data: 5 }), eventExample])
    expect(await send(strange)).toBe(204);
  expect(executed).toEqual([]);
});

test("what is not signed, not of this carrier or no report is refused", async () => {
  const { executed, send } = bench();
  expect(await send(event(), { secret: secretOf("another") })).toBe(400);
  expect(await send({}, { sender: "nobody", secret: secretOf("another") })).toBe(404);
  for (const data of [undefined, { delivery: "5" }, { delivery: shipment.id, attempt: 4 }])
    expect(await send(event({ data }))).toBe(400);
  expect(executed).toEqual([]);
});
