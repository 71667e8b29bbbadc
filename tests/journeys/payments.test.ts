/** Payments that need more than one question to the provider: the customer has to act, or the provider is away. */
import { beforeAll, expect, test } from "bun:test";
import * as z from "zod";
import { basketOf, type Client, eventually, type Order, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;
let guest: Client;
const SKU = "SKU-012";
/** Orders by token that are given up after a while: placed first, so that the other tests run meanwhile. */
const waitedFor = new Map<string, Order>();

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  guest = platform.guest();
  for (const token of ["tok_requires_action", "tok_provider_down"])
    waitedFor.set(token, await alice.place(basketOf("SKU-016", 1, token)));
});

const waiting = z.object({
  id: z.uuid(),
  status: z.literal("REQUIRES_ACTION"),
  authorised: z.object({ amount: z.literal(0) }),
  nextAction: z.object({ url: z.url() }),
});

/** An order whose customer has to act, and the path of the page where they do. */
async function placeWaiting() {
  const order = await alice.place(basketOf(SKU, 1, "tok_requires_action"));
  const payments = () => alice.send({ method: "GET", path: `/api/v1/payments?orderId=${order.id}` });
  const { text } = await eventually(payments, (answer) => answer.text.includes("nextAction"));
  const { items } = z.object({ items: z.array(waiting).length(1) }).parse(JSON.parse(text));
  const [payment] = items;
  if (!payment) throw new Error(text);
  return { order, payment, page: new URL(payment.nextAction.url).pathname };
}

const press = (page: string, button: "complete" | "fail") =>
  guest.send({
    method: "POST",
    path: `${page}/${button}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });

test("tok_requires_action: completed on the provider's page, the order goes on; pressing again changes nothing", async () => {
  const { order, payment, page } = await placeWaiting();
  expect((await alice.order(order.id)).status).toBe("RESERVED");
  const shown = await guest.send({ method: "GET", path: page });
  expect(shown.status).toBe(200);
  expect(shown.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(shown.headers.get("content-security-policy")).toContain("default-src 'none'; form-action 'self'");
  for (const button of ["complete", "fail"]) expect(shown.text).toContain(`action="${page}/${button}"`);

  const pressed = await Promise.all([press(page, "complete"), press(page, "complete")]);
  for (const { status, headers } of pressed) expect([status, headers.get("location")]).toEqual([303, page]);
  await alice.until(order.id, "FULFILLING");
  expect((await press(page, "fail")).status).toBe(303);
  expect((await guest.send({ method: "GET", path: page })).text).toContain("This payment is complete.");

  const one = await alice.send({ method: "GET", path: `/api/v1/payments/${payment.id}` });
  const { total } = await alice.order(order.id);
  expect(JSON.parse(one.text)).toMatchObject({ orderId: order.id, status: "AUTHORISED", authorised: total });
  expect(one.text).not.toContain("nextAction");
  const stranger = await platform.customer("mallory");
  expect(problemOf(await stranger.send({ method: "GET", path: `/api/v1/payments/${payment.id}` })).status).toBe(404);
});

test("tok_requires_action: failed on the provider's page, the order is REJECTED payment_declined", async () => {
  const before = await alice.stock(SKU);
  const { order, page } = await placeWaiting();
  await press(page, "fail");
  const { reason } = await alice.until(order.id, "REJECTED");
  expect(reason).toBe("payment_declined");
  const [payment] = await alice.payments(order.id);
  expect(payment).toMatchObject({ status: "DECLINED", detail: "customer_action_failed" });
  expect((await press(page, "complete")).status).toBe(303);
  expect((await guest.send({ method: "GET", path: page })).text).toContain("This payment has failed.");
  expect(
    await eventually(
      () => alice.stock(SKU),
      (stock) => stock.reserved === before.reserved,
    ),
  ).toEqual(before);
});

test("a page of no payment that waits is 404", async () => {
  const order = await alice.place(basketOf(SKU, 1), { wait: 10 });
  const page = `/api/v1/payments/simulator/${order.id}:auth:1`;
  for (const answer of [await guest.send({ method: "GET", path: page }), await press(page, "complete")])
    expect(problemOf(answer).status).toBe(404);
  expect(problemOf(await guest.send({ method: "GET", path: "/api/v1/payments/simulator/x" })).status).toBe(400);
});

test.each([
  ["tok_requires_action", "payment_timeout"],
  ["tok_provider_down", "payment_unavailable"],
] as const)(
  "nobody acts, or the provider stays away: %s is REJECTED %s, and nothing is charged",
  async (token, reason) => {
    const order = waitedFor.get(token);
    if (!order) throw new Error(`no order with ${token}`);
    expect(await alice.until(order.id, "REJECTED", 20_000)).toMatchObject({ reason });
    const [payment] = await alice.payments(order.id);
    expect(payment).toMatchObject({ status: "DECLINED", authorised: { amount: 0 }, detail: reason });
    if (token !== "tok_requires_action") return;
    const page = `/api/v1/payments/simulator/${order.id}:auth:1`;
    await press(page, "complete");
    expect((await guest.send({ method: "GET", path: page })).text).toContain("This payment is no longer wanted.");
    expect(await alice.payments(order.id)).toEqual(payment ? [payment] : []);
  },
  60_000,
);
