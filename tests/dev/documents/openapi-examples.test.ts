/** Every request that /openapi.json shows is sent as it stands, and answered with what is documented. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { signWebhook } from "../../../runtime/http/webhook-signature.ts";
import { secret } from "../../../runtime/secret.ts";
import { basketOf, type Client } from "../../journeys/client.ts";
import { startTestPlatform, type TestPlatform } from "../../journeys/platform.ts";
import { type OpenApi, type Operation, readOpenApi } from "./openapi.ts";

setDefaultTimeout(120_000);

const WEBHOOK_SECRET = "the-secret-of-the-examples";

let platform: TestPlatform;
let document: OpenApi;
let alice: Client;
let operator: Client;
let guest: Client;
/** Operations with a body whose example was sent. */
const sent = new Set<string>();

beforeAll(async () => {
  platform = await startTestPlatform({
    PAYMENT_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    DELIVERY_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  });
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
  guest = platform.guest();
  document = readOpenApi((await guest.send({ method: "GET", path: "/openapi.json" })).text);
});

afterAll(() => platform.stop());

const nameOf = ({ method, path }: Pick<Operation, "method" | "path">) => `${method} ${path}`;

const made = z.looseObject({ id: z.string() });

/** Sends an operation's example to a path with these parameters; the answer must be a success that is documented. */
async function paste(client: Client, name: string, parameters: Readonly<Record<string, string>> = {}) {
  const operation = document.operations.find((each) => nameOf(each) === name);
  if (!operation) throw new Error(`/openapi.json has no ${name}`);
  const body = JSON.stringify(operation.bodyExample);
  const isWebhook = operation.path.includes("/webhooks/");
  const answer = await client.send({
    method: operation.method,
    path: operation.path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => parameters[parameter] ?? ""),
    body,
    headers: {
      "content-type": "application/json",
      ...(operation.method === "POST" ? { "idempotency-key": crypto.randomUUID() } : {}),
      ...(isWebhook
        ? { "webhook-signature": signWebhook(secret(WEBHOOK_SECRET), new TextEncoder().encode(body), Date.now()) }
        : {}),
    },
  });
  expect([name, answer.status < 300 ? "success" : answer]).toEqual([name, "success"]);
  expect(document.answerFault(operation, answer.status, answer.text)).toBeNull();
  sent.add(name);
  return answer.text;
}

const idIn = (text: string) => made.parse(JSON.parse(text)).id;

/** The example's own value for what the path says as well. */
const inExample = (name: string, field: string) =>
  z.record(z.string(), z.unknown()).parse(document.operations.find((each) => nameOf(each) === name)?.bodyExample)[
    field
  ];

const deliveryOf = async (orderId: string) => ({ id: (await alice.deliveries(orderId))[0]?.id ?? "" });

/** An order that waits for its carrier. */
async function waitingForCarrier(token = "tok_visa") {
  const { id } = await alice.place(basketOf("SKU-004", 1, token));
  await alice.until(id, "FULFILLING");
  return { id };
}

test("every example fits its own schema, and every body has one", () => {
  expect(document.examples.filter(({ fault }) => fault !== null)).toEqual([]);
  expect(document.operations.filter((each) => each.hasBody && each.bodyExample === undefined).map(nameOf)).toEqual([]);
});

test("an operator's examples for what is sold, and on which terms", async () => {
  await paste(operator, "PUT /api/v1/pricing/products/{sku}", { sku: "SKU-021" });
  for (const kind of ["tax", "shipping"]) {
    const name = `PUT /api/v1/pricing/${kind}-rates/{country}`;
    await paste(operator, name, { country: String(inExample(name, "country")) });
  }
  const promotion = idIn(await paste(operator, "POST /api/v1/pricing/promotions"));
  await paste(operator, "POST /api/v1/pricing/promotions/{id}/disable", { id: promotion });
  await paste(operator, "POST /api/v1/pricing/coupons");
  await paste(operator, "PUT /api/v1/inventory/{sku}/policy", { sku: "SKU-021" });
  await paste(operator, "POST /api/v1/inventory/{sku}/adjustments", { sku: "SKU-021" });
});

test("an order from its quote to its return", async () => {
  await paste(alice, "POST /api/v1/pricing/quotes");
  const id = idIn(await paste(alice, "POST /api/v1/orders"));
  await alice.until(id, "FULFILLING");
  const delivery = await deliveryOf(id);
  await paste(alice, "PUT /api/v1/deliveries/{id}/address", delivery);
  await paste(operator, "POST /api/v1/deliveries/{id}/dispatch", delivery);
  await paste(operator, "POST /api/v1/deliveries/{id}/deliver", delivery);
  await alice.until(id, "DELIVERED");
  const [payment] = await alice.payments(id);
  await paste(operator, "POST /api/v1/payments/{id}/refunds", { id: payment?.id ?? "" });
  await paste(alice, "POST /api/v1/orders/{id}/returns", { id });
  await alice.until(id, "RETURNED");
});

test("orders that go another way", async () => {
  await paste(alice, "POST /api/v1/orders/{id}/cancel", await waitingForCarrier());

  const failing = await deliveryOf((await waitingForCarrier()).id);
  await paste(operator, "POST /api/v1/deliveries/{id}/dispatch", failing);
  await paste(operator, "POST /api/v1/deliveries/{id}/fail", failing);

  const unpaid = await waitingForCarrier("tok_capture_refused");
  await paste(operator, "POST /api/v1/deliveries/{id}/dispatch", await deliveryOf(unpaid.id));
  await alice.until(unpaid.id, "NEEDS_ATTENTION");
  await paste(operator, "POST /api/v1/orders/{id}/resolve", unpaid);
});

test("what others tell", async () => {
  await paste(alice, "PUT /api/v1/notifications/preferences");
  await paste(guest, "POST /api/v1/payments/webhooks/{provider}", { provider: "simulator" });
  await paste(guest, "POST /api/v1/deliveries/webhooks/{carrier}", { carrier: "simulator" });
});

test("an operator's examples for what could not be handled", async () => {
  const letter = await parkedShipment();
  const left = JSON.parse(await paste(operator, "POST /api/v1/ops/deadletters/replay"));
  expect(left).toMatchObject({ left: [{ id: letter }] });
  await paste(operator, "POST /api/v1/ops/deadletters/{id}/replay", { id: letter });
  await paste(operator, "POST /api/v1/ops/deadletters/{id}/discard", { id: letter });
});

/** A message that no shipment can be made of, parked; its letter's id. */
async function parkedShipment(): Promise<string> {
  const [key, topic] = [crypto.randomUUID(), "genai-demo.delivery.commands.v1"];
  const envelope = {
    ...{ topic, key, sequence: 1, type: "ScheduleShipment", producer: "order", timeMs: 0 },
    ...{ causationId: "planted", correlationId: key, data: "{}" },
  };
  await platform.sql(`insert into delivery.dead_letter (key, source, sequence, reason, error, message, parked_at)
    values ('${key}', '${topic}', 1, 'threw', 'planted', '${JSON.stringify(envelope)}', '2026-01-01Z')`);
  return `delivery:${key}:${topic}:1`;
}

test("no example of a body was left out", () => {
  expect(document.operations.filter((each) => each.hasBody && !sent.has(nameOf(each))).map(nameOf)).toEqual([]);
});
