/** Manual refunds: what operators may give back of a captured payment, and that nobody gives back more than was taken. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { type Answer, basketOf, type Client, createClient, eventually, problemOf } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

let platform: TestPlatform;
let alice: Client;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

const SKU = "SKU-016";
const UNKNOWN = "01890000-0000-7000-8000-000000000000";

async function sold() {
  const placed = await alice.place(basketOf(SKU, 1), { wait: 10 });
  const order = await alice.until(placed.id, "FULFILLING");
  return { order, total: order.total.amount, payment: await paymentOf(order.id) };
}

/** An order whose parcel has left, so that its payment is captured. */
async function shipped() {
  const { order, total, payment } = await sold();
  const [delivery] = await alice.deliveries(order.id);
  expect((await operator.ask(`deliveries/${delivery?.id}/dispatch`)).status).toBe(202);
  await alice.until(order.id, "SHIPPED");
  return { order, total, payment, delivery: delivery?.id ?? "" };
}

async function paymentOf(orderId: string): Promise<string> {
  const [payment] = await alice.payments(orderId);
  if (!payment) throw new Error(`order ${orderId} has no payment`);
  return payment.id;
}

const usd = (amount: number) => ({ amount, currency: "USD" });
const refund = (payment: string, amount: unknown, { client = operator, key }: { client?: Client; key?: string } = {}) =>
  client.ask(`payments/${payment}/refunds`, { amount }, key);
const refused = (answer: Answer) => {
  const { status, type } = problemOf(answer);
  return [status, type];
};

/** The order's payment once `amount` of it went back. */
const givenBack = (orderId: string, amount: number) =>
  eventually(
    async () => (await alice.payments(orderId))[0],
    (payment) => payment?.refunded.amount === amount,
  );

/** What reconcile says of the order once nothing is under way for it. */
async function violationsOf(orderId: string) {
  const look = async () => {
    const { text } = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
    const { violations } = z.object({ violations: z.array(z.object({ subject: z.string() })) }).parse(JSON.parse(text));
    return violations.filter(({ subject }) => subject.includes(orderId));
  };
  return eventually(look, ({ length }) => length === 0);
}

test("a part, then the rest: the payment shows it, the order hears of it and goes on", async () => {
  const { order, total, payment, delivery } = await shipped();
  const key = crypto.randomUUID();
  const first = await refund(payment, usd(500), { key });
  expect(first.status).toBe(202);
  expect(JSON.parse(first.text)).toMatchObject({ id: payment, orderId: order.id, captured: usd(total) });
  expect(await givenBack(order.id, 500)).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: usd(500) });
  // Repeated under its key it is the same one; the key is not good for another.
  expect((await refund(payment, usd(500), { key })).status).toBe(202);
  expect(refused(await refund(payment, usd(600), { key }))).toEqual([422, "/problems/idempotency-key-reused"]);

  expect(refused(await refund(payment, usd(total - 499)))).toEqual([409, "/problems/refund-too-large"]);
  expect((await refund(payment, usd(total - 500))).status).toBe(202);
  expect(await givenBack(order.id, total)).toMatchObject({ status: "REFUNDED", captured: usd(total) });
  expect(refused(await refund(payment, usd(1)))).toEqual([409, "/problems/refund-too-large"]);

  const told = () => alice.history(order.id).then((all) => all.filter(({ type }) => type === "PaymentRefunded"));
  const entries = await eventually(told, ({ length }) => length === 2);
  expect(entries.map(({ data }) => [data.status, data["amount"], data["refunded"]])).toEqual([
    ["SHIPPED", 500, 500],
    ["SHIPPED", total - 500, total],
  ]);
  expect((await operator.ask(`deliveries/${delivery}/deliver`)).status).toBe(202);
  await alice.until(order.id, "DELIVERED");
  expect(await violationsOf(order.id)).toEqual([]);
});

test("several at once give back what there is and no more", async () => {
  const { order, total, payment } = await shipped();
  const part = Math.floor(total / 3);
  const answers = await Promise.all(Array.from({ length: 8 }, () => refund(payment, usd(part))));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
  for (const answer of answers.filter(({ status }) => status !== 202))
    expect(refused(answer)).toEqual([409, "/problems/refund-too-large"]);
  expect(await givenBack(order.id, 3 * part)).toMatchObject({ refunded: usd(3 * part) });
  expect(await violationsOf(order.id)).toEqual([]);
});

test("a returned order gives back the rest of what a manual refund has left", async () => {
  const { order, total, payment, delivery } = await shipped();
  expect((await operator.ask(`deliveries/${delivery}/deliver`)).status).toBe(202);
  await alice.until(order.id, "DELIVERED");
  const [manual, back] = await Promise.all([
    refund(payment, usd(700)),
    alice.ask(`orders/${order.id}/returns`, { reason: "too small" }),
  ]);
  expect(back.status).toBe(202);
  // Asked after everything was to go back, it is refused; either way everything goes back once.
  expect([202, 409]).toContain(manual.status);
  await alice.until(order.id, "RETURNED");
  expect(await givenBack(order.id, total)).toMatchObject({ status: "REFUNDED", refunded: usd(total) });
  expect(await violationsOf(order.id)).toEqual([]);
});

test("before the capture there is nothing to give back, and not in another currency", async () => {
  const { payment } = await sold();
  expect(refused(await refund(payment, usd(1)))).toEqual([409, "/problems/refund-too-large"]);
  expect(refused(await refund(payment, { amount: 1, currency: "TWD" }))).toEqual([422, "/problems/refund-currency"]);
  for (const amount of [usd(0), usd(-1), usd(0.5), 5, { amount: 1 }, { ...usd(1), currency: "usd" }])
    expect(refused(await refund(payment, amount))).toEqual([400, "/problems/invalid-request"]);
});

test("they are for operators who may", async () => {
  const { payment } = await sold();
  const token = await tokenOf(platform.dataDir, "operator", "otto", ["payment:read"]);
  const reader = createClient(platform.process.url, token);
  for (const [client, status] of [
    [platform.guest(), 401],
    [alice, 403],
    [reader, 403],
  ] as const)
    expect(problemOf(await refund(payment, "whatever", { client })).status).toBe(status);
  expect(problemOf(await refund(UNKNOWN, usd(1))).status).toBe(404);
});
