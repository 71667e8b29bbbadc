/** Webhooks of the simulated provider and carrier, signed as a real one's would be: nobody is believed, but asked. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { signWebhook } from "../../runtime/http/webhook-signature.ts";
import { secret as secretOf } from "../../runtime/secret.ts";
import { basketOf, type Client, eventually, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform, WEBHOOK_SECRETS } from "./shared-platform.ts";

setDefaultTimeout(60_000);

let platform: TestPlatform;
let alice: Client;
let guest: Client;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  guest = platform.guest();
  operator = await platform.as("operator", "olga");
});

const SKU = "SKU-016";
const [SECRET = "", OLD_SECRET = ""] = WEBHOOK_SECRETS;

interface Sending {
  readonly secret?: string;
  readonly signedAtMs?: number;
  readonly signature?: string | null;
}

/** Sends a body as it is, signed as a provider would. */
function send(path: string, body: string, { secret = SECRET, signedAtMs = Date.now(), signature }: Sending = {}) {
  const header =
    signature === undefined ? signWebhook(secretOf(secret), new TextEncoder().encode(body), signedAtMs) : signature;
  return guest.send({
    method: "POST",
    path: `/api/v1/${path}`,
    headers: { "content-type": "application/json", ...(header === null ? {} : { "webhook-signature": header }) },
    body,
  });
}

const PAYMENT = "payments/webhooks/simulator";
const paymentEvent = (orderId: string, id: string = crypto.randomUUID(), type = "authorisation.decided") =>
  JSON.stringify({ id, type, data: { authorisation: `${orderId}:auth:1` } });

/** An order whose customer has to act at the provider. */
async function waiting() {
  const order = await alice.place(basketOf(SKU, 1, "tok_requires_action"));
  const payment = async () => (await alice.payments(order.id))[0];
  await eventually(payment, (each) => each?.status === "REQUIRES_ACTION");
  return { order, payment };
}

/** What the customer does on the simulator's page. */
async function act(orderId: string, does: "complete" | "fail") {
  const path = `/api/v1/payments/simulator/${orderId}:auth:1/${does}`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await guest.send({ method: "POST", path, headers })).status).toBe(303);
}

test("who is not known is 404, what is not signed as it must be is 400", async () => {
  const body = paymentEvent(crypto.randomUUID());
  const stale = 6 * 60_000;
  for (const [path, sending, status] of [
    ["payments/webhooks/nobody", {}, 404],
    [PAYMENT, { signature: null }, 400],
    [PAYMENT, { signature: "t=1,v1=00" }, 400],
    [PAYMENT, { secret: "some other secret" }, 400],
    [PAYMENT, { signature: signWebhook(secretOf(SECRET), new TextEncoder().encode(`${body} `), Date.now()) }, 400],
    [PAYMENT, { signedAtMs: Date.now() - stale }, 400],
    [PAYMENT, { signedAtMs: Date.now() + stale }, 400],
  ] as const) {
    const problem = problemOf(await send(path, body, sending));
    expect([problem.status, problem.type]).toEqual([
      status,
      status === 404 ? "/problems/not-found" : "/problems/invalid-signature",
    ]);
  }
  expect(problemOf(await send("payments/webhooks/nobody", "{}", { signature: null })).status).toBe(404);
  expect(problemOf(await send(PAYMENT, "{}")).type).toBe("/problems/invalid-request");
});

test("an event of a payment that is unknown here is acknowledged; either secret is good while it is changed", async () => {
  for (const secret of [SECRET, OLD_SECRET])
    expect((await send(PAYMENT, paymentEvent(crypto.randomUUID()), { secret })).status).toBe(204);
});

test("what a webhook says decides nothing: the provider is asked, and says that the customer has not acted", async () => {
  const { order, payment } = await waiting();
  const event = paymentEvent(order.id);
  for (const answer of await Promise.all([send(PAYMENT, event), send(PAYMENT, event), send(PAYMENT, event)]))
    expect(answer.status).toBe(204);
  for (const type of ["capture.succeeded", "refund.succeeded", "of.tomorrow"])
    expect((await send(PAYMENT, paymentEvent(order.id, crypto.randomUUID(), type))).status).toBe(204);
  // What was believed of all this would stand: the customer's own decision comes too late for it.
  await act(order.id, "fail");
  expect(await alice.until(order.id, "REJECTED")).toMatchObject({ reason: "payment_declined" });
  expect(await payment()).toMatchObject({ status: "DECLINED", authorised: { amount: 0 } });
  expect((await alice.history(order.id)).filter(({ type }) => type === "PaymentAuthorised")).toEqual([]);
});

test("the customer acts on the simulator's page: its own webhook lets the order go on, later ones change nothing", async () => {
  const { order, payment } = await waiting();
  await act(order.id, "complete");
  await alice.until(order.id, "FULFILLING");
  const before = await payment();
  expect((await send(PAYMENT, paymentEvent(order.id))).status).toBe(204);
  expect(await payment()).toEqual(before);
});

test("an event before the call's own answer is no answer: the order is confirmed once, charged once", async () => {
  const order = await alice.place(basketOf(SKU, 1, "tok_timeout_charged"));
  const payment = async () => (await alice.payments(order.id))[0];
  await eventually(payment, (each) => each !== undefined);
  expect((await send(PAYMENT, paymentEvent(order.id))).status).toBe(204);
  await alice.until(order.id, "FULFILLING");
  expect(await payment()).toMatchObject({ status: "AUTHORISED", authorised: order.total });
  const confirmed = (await alice.history(order.id)).filter(({ type }) => type === "PaymentAuthorised");
  expect(confirmed).toHaveLength(1);
});

describe("the carrier", () => {
  const CARRIER = "deliveries/webhooks/simulator";
  const deliverySchema = z.object({
    id: z.uuid(),
    status: z.string(),
    address: z.looseObject({ line1: z.string() }),
    history: z.array(z.object({ status: z.string() })),
  });

  async function scheduled() {
    const order = await alice.place(basketOf(SKU, 1), { wait: 10 });
    await alice.until(order.id, "FULFILLING");
    const [delivery] = await alice.deliveries(order.id);
    return { order, id: delivery?.id ?? "" };
  }
  async function read(id: string) {
    const { text } = await alice.send({ method: "GET", path: `/api/v1/deliveries/${id}` });
    return deliverySchema.parse(JSON.parse(text));
  }
  const report = (delivery: string, name: string, attempt = 1, id: string = crypto.randomUUID()) =>
    send(CARRIER, JSON.stringify({ id, type: `parcel.${name}`, data: { delivery, attempt } }));

  test("must be known, and sign what it says", async () => {
    const { id } = await scheduled();
    const body = JSON.stringify({ id: "evt_1", type: "parcel.delivered", data: { delivery: id } });
    expect(problemOf(await send("deliveries/webhooks/nobody", body)).status).toBe(404);
    expect(problemOf(await send(CARRIER, body, { secret: "some other secret" })).type).toBe(
      "/problems/invalid-signature",
    );
    expect(await read(id)).toMatchObject({ status: "SCHEDULED", history: [{ status: "SCHEDULED" }] });
  });

  test("tells its way out of order and more than once: the parcel is paid before it leaves, and delivered once", async () => {
    const { order, id } = await scheduled();
    const failed = crypto.randomUUID();
    expect((await report(id, "delivery_failed", 1, failed)).status).toBe(204);
    expect((await report(id, "in_transit", 2)).status).toBe(204);
    expect((await report(id, "delivery_failed", 1, failed)).status).toBe(204);
    expect((await report(id, "delivered", 2)).status).toBe(204);
    for (const late of ["pickup_requested", "in_transit", "delivery_failed"])
      expect((await report(id, late)).status).toBe(204);
    await alice.until(order.id, "DELIVERED");
    expect((await read(id)).history.map(({ status }) => status)).toEqual([
      "SCHEDULED",
      "DISPATCHED",
      "FAILED",
      "IN_TRANSIT",
      "DELIVERED",
    ]);
    const types = (await alice.history(order.id)).map(({ type }) => type);
    const way = ["DispatchRequested", "PaymentCaptured", "ParcelHandedOver", "DeliveryFailed", "ParcelDelivered"];
    expect(types.filter((type) => way.includes(type))).toEqual(way);
  });

  test("brings back what could not be delivered: the order is returned", async () => {
    const { order, id } = await scheduled();
    expect((await report(id, "returned", 3)).status).toBe(204);
    await alice.until(order.id, "RETURNED");
    expect(await read(id)).toMatchObject({ status: "RETURNED" });
  });
});

describe("a parcel's address", () => {
  const address = { name: "Alice", line1: "2 Side Street", city: "Seattle", postalCode: "98102", country: "US" };
  const change = (client: Client, id: string, body: object = address) =>
    client.send({
      method: "PUT",
      path: `/api/v1/deliveries/${id}/address`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  test("may be changed by its owner and by operators until the dispatch is asked for", async () => {
    const placed = await alice.place(basketOf(SKU, 1), { wait: 10 });
    await alice.until(placed.id, "FULFILLING");
    const [delivery] = await alice.deliveries(placed.id);
    const id = delivery?.id ?? "";
    for (const [client, line1] of [
      [alice, "2 Side Street"],
      [operator, "3 Side Street"],
    ] as const) {
      const answer = await change(client, id, { ...address, line1 });
      expect([answer.status, JSON.parse(answer.text).address]).toEqual([200, { ...address, line1 }]);
    }
    expect((await alice.deliveries(placed.id))[0]?.address).toMatchObject({ line1: "3 Side Street" });

    const mallory = await platform.customer("mallory");
    expect(problemOf(await change(mallory, id)).status).toBe(404);
    expect(problemOf(await change(guest, id)).status).toBe(401);
    expect(problemOf(await change(alice, id, { ...address, country: "TW" })).type).toBe("/problems/address-country");
    for (const wrong of [{ ...address, line1: " " }, { ...address, planet: "Mars" }, {}])
      expect(problemOf(await change(alice, id, wrong)).status).toBe(400);

    expect((await operator.ask(`deliveries/${id}/dispatch`)).status).toBe(202);
    for (const client of [alice, operator]) {
      const problem = problemOf(await change(client, id));
      expect([problem.status, problem.type]).toEqual([409, "/problems/address-fixed"]);
    }
  });
});
