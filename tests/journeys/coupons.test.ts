/** Coupons from the operator who makes them to the orders that use them. */
import { beforeAll, describe, expect, test } from "bun:test";
import * as z from "zod";
import { type Answer, basket, type Client, eventually, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

const PATH = "/api/v1/pricing/coupons";
const coupon = z.looseObject({ code: z.string(), uses: z.int() });
const page = z.object({ items: z.array(coupon), nextCursor: z.string().nullable() });

const make = (terms: Readonly<Record<string, unknown>>, key?: string, caller = operator) =>
  caller.send({
    method: "POST",
    path: PATH,
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: JSON.stringify(terms),
  });

async function made(terms: Readonly<Record<string, unknown>>) {
  const answer = await make(terms);
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
}

async function list(query = "") {
  const answer = await operator.send({ method: "GET", path: PATH + query });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return page.parse(JSON.parse(answer.text));
}

const usesOf = async (code: string) => (await list()).items.find((each) => each.code === code)?.uses;
const idOf = (answer: Answer) => z.looseObject({ id: z.string() }).parse(JSON.parse(answer.text)).id;
/** Two lines of 18.90 USD and 16.50 USD. */
const items = [
  { sku: "SKU-001", quantity: 1 },
  { sku: "SKU-002", quantity: 1 },
];
const withCoupon = (couponCode: string, change: Readonly<Record<string, unknown>> = {}) =>
  basket({ items, couponCode, ...change });

async function refused(couponCode: string, why: string, change: Readonly<Record<string, unknown>> = {}) {
  const answer = await alice.post(JSON.stringify(withCoupon(couponCode, change)));
  expect([answer.status, answer.text]).toEqual([422, expect.any(String)]);
  const { type, errors } = problemOf(answer);
  expect([type, errors]).toEqual([
    "/problems/coupon-not-valid",
    [{ field: "body.couponCode", message: expect.stringContaining(why) }],
  ]);
}

describe("an operator", () => {
  test("makes coupons, and lists them with the demo's, page by page", async () => {
    const answer = await make({
      code: "LIST-1",
      kind: "fixed",
      value: 500,
      currency: "USD",
      validFrom: "2020-01-01T08:00:00+08:00",
      validUntil: "2999-01-01T00:00:00Z",
      minimumSpend: { amount: 1000, currency: "USD" },
      totalLimit: 9,
      perCustomerLimit: 2,
    });
    const shown = {
      code: "LIST-1",
      kind: "fixed",
      value: 500,
      currency: "USD",
      validFrom: "2020-01-01T00:00:00.000Z",
      validUntil: "2999-01-01T00:00:00.000Z",
      minimumSpend: { amount: 1000, currency: "USD" },
      totalLimit: 9,
      perCustomerLimit: 2,
      uses: 0,
    };
    expect([answer.status, JSON.parse(answer.text)]).toEqual([201, shown]);
    const all = (await list()).items;
    expect(all).toContainEqual(shown);
    expect(all.map(({ code }) => code)).toEqual(expect.arrayContaining(["SHIPFREE", "WELCOME10"]));
    const first = await list("?limit=1");
    const second = await list(`?limit=1&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ code }) => code)).toEqual(all.slice(0, 2).map(({ code }) => code));
  });

  test("is told that a code is taken; a repeated request is answered as at first", async () => {
    const terms = { code: "TAKEN", kind: "percentage", value: 5 };
    const key = crypto.randomUUID();
    const [first, ...others] = await Promise.all(Array.from({ length: 6 }, () => make(terms, key)));
    for (const other of others) expect([other.status, other.text]).toEqual([201, first?.text ?? ""]);
    const again = await make(terms);
    expect([again.status, problemOf(again).type]).toEqual([409, "/problems/coupon-exists"]);
    const rivals = await Promise.all(
      Array.from({ length: 6 }, () => make({ ...terms, code: "RIVALS" }, crypto.randomUUID())),
    );
    expect(rivals.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
    const reused = await make({ ...terms, code: "OTHER" }, key);
    expect([reused.status, problemOf(reused).type]).toEqual([422, "/problems/idempotency-key-reused"]);
    expect(await usesOf("OTHER")).toBeUndefined();
  });

  test.each([
    ["no code", { kind: "free_shipping" }, "body.code"],
    ["a code with a blank", { code: "A B", kind: "free_shipping" }, "body.code"],
    ["no kind", { code: "BAD" }, "body.kind"],
    ["a kind that is none", { code: "BAD", kind: "half" }, "body.kind"],
    ["no value", { code: "BAD", kind: "percentage" }, "body.value"],
    ["more than everything", { code: "BAD", kind: "percentage", value: 101 }, "body.value"],
    ["a part of a percent", { code: "BAD", kind: "percentage", value: 2.5 }, "body.value"],
    ["nothing off", { code: "BAD", kind: "fixed", value: 0, currency: "USD" }, "body.value"],
    ["an amount of no currency", { code: "BAD", kind: "fixed", value: 5 }, "body.currency"],
    ["a time that is none", { code: "BAD", kind: "free_shipping", validFrom: "soon" }, "body.validFrom"],
    [
      "a time of the year 0",
      { code: "BAD", kind: "free_shipping", validFrom: "0000-01-01T00:00:00Z" },
      "body.validFrom",
    ],
    [
      "an end before its beginning",
      { code: "BAD", kind: "free_shipping", validFrom: "2026-01-02T00:00:00Z", validUntil: "2026-01-02T00:00:00Z" },
      "body.validUntil",
    ],
    [
      "a negative minimum",
      { code: "BAD", kind: "free_shipping", minimumSpend: { amount: -1, currency: "USD" } },
      "body.minimumSpend.amount",
    ],
    ["no use at all", { code: "BAD", kind: "free_shipping", totalLimit: 0 }, "body.totalLimit"],
    [
      "a limit past every column",
      { code: "BAD", kind: "free_shipping", perCustomerLimit: 2 ** 31 },
      "body.perCustomerLimit",
    ],
  ])("cannot make one of %s", async (_what, terms, field) => {
    const answer = await make(terms);
    expect([answer.status, answer.text]).toEqual([400, expect.any(String)]);
    expect(problemOf(answer).errors?.map((error) => error.field)).toContain(field);
  });

  test("alone may make and see them", async () => {
    const terms = { code: "MINE", kind: "percentage", value: 99 };
    for (const [caller, status] of [
      [alice, 403],
      [platform.guest(), 401],
    ] as const) {
      expect((await make(terms, undefined, caller)).status).toBe(status);
      expect((await caller.send({ method: "GET", path: PATH })).status).toBe(status);
    }
  });
});

describe("an order", () => {
  test("with WELCOME10 costs 10 % less, and uses it once however often its request is repeated", async () => {
    const before = (await usesOf("WELCOME10")) ?? 0;
    const key = crypto.randomUUID();
    const body = JSON.stringify(withCoupon("WELCOME10"));
    const answers = await Promise.all(Array.from({ length: 8 }, () => alice.post(body, { key })));
    const ids = new Set(answers.map(idOf));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(ids.size).toBe(1);
    const [id = ""] = ids;
    const order = await alice.until(id, "FULFILLING");
    const usd = (amount: number) => ({ amount, currency: "USD" });
    expect(order).toMatchObject({ subtotal: usd(3540), discount: usd(354), shipping: usd(600), total: usd(3961) });
    expect(order.items.map(({ total }) => total.amount)).toEqual([1701 + 68, 1485 + 59]);
    const [payment] = await alice.payments(id);
    expect(payment?.authorised).toEqual(usd(3961));
    const repeated = await alice.post(body, { key });
    expect([repeated.status, idOf(repeated)]).toEqual([201, id]);
    expect(await usesOf("WELCOME10")).toBe(before + 1);
  });

  test("with SHIPFREE has no shipping to pay, nor its tax", async () => {
    const order = await alice.place(withCoupon("SHIPFREE"));
    expect([order.discount.amount, order.shipping.amount, order.tax.amount]).toEqual([0, 0, 142]);
    expect(order.total.amount).toBe(3540 + 142);
  });

  test("with a fixed coupon costs that much less, and no more than the lines are worth", async () => {
    await made({ code: "FIVE-OFF", kind: "fixed", value: 500, currency: "USD" });
    await made({ code: "ALL-OFF", kind: "fixed", value: 9_999_999, currency: "USD" });
    const five = await alice.place(withCoupon("FIVE-OFF"));
    expect([five.discount.amount, five.total.amount]).toEqual([500, 3040 + 122 + 648]);
    expect(five.items.map(({ total }) => total.amount)).toEqual([1623 + 65, 1417 + 57]);
    const free = await alice.place(withCoupon("ALL-OFF"), { wait: 10 });
    expect([free.total.amount, free.discount.amount]).toEqual([648, 3540]);
    expect(["CONFIRMED", "FULFILLING"]).toContain(free.status);
    await refused("FIVE-OFF", "is for orders in USD", { currency: "TWD" });
  });

  test("is refused with a coupon that cannot be used, and says why", async () => {
    await made({ code: "ENDED", kind: "percentage", value: 5, validUntil: "2020-01-01T00:00:00Z" });
    await made({ code: "EARLY", kind: "percentage", value: 5, validFrom: "2999-01-01T00:00:00Z" });
    await made({ code: "AT-LEAST", kind: "percentage", value: 5, minimumSpend: { amount: 3541, currency: "USD" } });
    await made({ code: "EXACTLY", kind: "percentage", value: 5, minimumSpend: { amount: 3540, currency: "USD" } });
    await refused("NOPE", "there is no coupon NOPE");
    await refused("welcome10", "there is no coupon welcome10");
    await refused("ENDED", "was valid until");
    await refused("EARLY", "is not valid before");
    await refused("AT-LEAST", "3541");
    expect((await alice.place(withCoupon("EXACTLY"))).discount.amount).toBe(177);
  });

  test("is refused when the coupon is used up: over all, and by the customer; nobody else is harmed", async () => {
    await made({ code: "ONCE", kind: "percentage", value: 50, totalLimit: 1 });
    await made({ code: "ONCE-EACH", kind: "percentage", value: 50, perCustomerLimit: 1 });
    const bob = await platform.customer("bob");
    const orders = Array.from({ length: 8 }, (_, n) => (n % 2 ? alice : bob).post(JSON.stringify(withCoupon("ONCE"))));
    expect((await Promise.all(orders)).map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(422)]);
    await refused("ONCE", "used up");
    expect(await usesOf("ONCE")).toBe(1);
    await alice.place(withCoupon("ONCE-EACH"));
    await refused("ONCE-EACH", "once by each customer");
    await bob.place(withCoupon("ONCE-EACH"));
    expect(await usesOf("ONCE-EACH")).toBe(2);
  });

  test("that cannot be priced holds no use", async () => {
    await made({ code: "UNUSED", kind: "percentage", value: 50 });
    const answer = await alice.post(JSON.stringify(withCoupon("UNUSED", { items: [{ sku: "SKU-999", quantity: 1 }] })));
    expect([answer.status, problemOf(answer).type]).toEqual([422, "/problems/not-for-sale"]);
    expect(await usesOf("UNUSED")).toBe(0);
  });
});

test("an order that is declined gives its use back", async () => {
  await made({ code: "COMES-BACK", kind: "percentage", value: 50, totalLimit: 1, perCustomerLimit: 1 });
  const declined = withCoupon("COMES-BACK", { paymentMethod: { token: "tok_declined" } });
  const order = await alice.place(declined, { wait: 10 });
  expect(order).toMatchObject({ status: "REJECTED", reason: "payment_declined" });
  expect(
    await eventually(
      () => usesOf("COMES-BACK"),
      (uses) => uses === 0,
    ),
  ).toBe(0);
  const second = await alice.place(withCoupon("COMES-BACK"));
  await alice.until(second.id, "FULFILLING");
  await refused("COMES-BACK", "used up");
});
