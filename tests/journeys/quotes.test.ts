/** Quotes: what a basket costs, kept for its customer, and the orders that name it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type Client, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import {
  asked,
  type Body,
  fieldsOf,
  ordered,
  parsed,
  product,
  quoteFor,
  quoteSchema,
  to,
  write,
} from "./pricing-requests.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;
let operator: Client;

const quote = (body: Body) => quoteFor(alice, body);
const put = (sku: string, change: Body = {}) => write(operator, "PUT", `products/${sku}`, product(change));

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

describe("a quote", () => {
  const given = asked("STOOL", 2);
  const place = (body: Body) => alice.post(JSON.stringify(body));

  beforeAll(async () => {
    await put("STOOL");
  });

  test("tells what the order will cost, line by line", async () => {
    const told = await quote(asked("STOOL", 2, { couponCode: "WELCOME10" }));
    const usd = (amount: number) => ({ amount, currency: "USD" });
    expect(told).toMatchObject({
      currency: "USD",
      coupon: "WELCOME10",
      items: [
        {
          sku: "STOOL",
          quantity: 2,
          unitPrice: usd(10_000),
          subtotal: usd(20_000),
          discount: usd(2_000),
          tax: usd(1_440),
          total: usd(19_440),
        },
      ],
      subtotal: usd(20_000),
      discount: usd(2_000),
      shipping: usd(850),
      tax: usd(1_508),
      total: usd(20_358),
    });
    expect(Date.parse(told.expiresAt)).toBeGreaterThan(Date.now() + 60_000);
    const order = await alice.place(ordered(asked("STOOL", 2, { couponCode: "WELCOME10" })));
    expect(order).toMatchObject({ subtotal: told.subtotal, discount: told.discount, tax: told.tax, total: told.total });
  });

  test("locks its price for its order, whatever is written since", async () => {
    const { id, total } = await quote(given);
    await put("STOOL", { prices: [{ amount: 99_999, currency: "USD" }], weightGrams: 9_000 });
    expect((await quote(given)).subtotal.amount).toBe(199_998);
    expect((await alice.place(ordered(given, { quoteId: id }))).total).toEqual(total);
    expect((await alice.place(ordered(given))).subtotal.amount).toBe(199_998);
    await put("STOOL");
  });

  test("is given once for a key, and its order once for another", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => write(alice, "POST", "quotes", given, key)));
    const ids = new Set(answers.map((answer) => parsed(answer, 201, quoteSchema).id));
    expect(ids.size).toBe(1);
    const other = await write(alice, "POST", "quotes", asked("STOOL", 3), key);
    expect([other.status, problemOf(other).type]).toEqual([422, "/problems/idempotency-key-reused"]);
    const [quoteId] = ids;
    const body = JSON.stringify(ordered(given, { quoteId }));
    const order = { key: crypto.randomUUID() };
    const first = await alice.post(body, order);
    await platform.sql(`update pricing.quote set expires_at = '2020-01-01Z' where id = '${quoteId}'`);
    const again = await alice.post(body, order);
    expect([again.status, again.headers.get("location")]).toEqual([201, first.headers.get("location")]);
  });

  test.each<[string, (id: string) => Body, string]>([
    ["nobody knows it", () => ({ quoteId: crypto.randomUUID() }), "there is no such quote"],
    ["it is for other lines", (quoteId) => ({ quoteId, items: [{ sku: "STOOL", quantity: 3 }] }), "items"],
    ["it is for another coupon", (quoteId) => ({ quoteId, couponCode: "WELCOME10" }), "couponCode"],
    ["it is to another address", (quoteId) => ({ quoteId, ...to("TW") }), "shippingAddress"],
    ["it is in another currency", (quoteId) => ({ quoteId, currency: "JPY" }), "currency"],
  ])("places nothing where %s", async (_what, change, why) => {
    const { id } = await quote(given);
    const answer = await place(ordered(given, change(id)));
    const { type, errors } = problemOf(answer);
    expect([answer.status, type, errors]).toEqual([
      422,
      "/problems/quote-not-valid",
      [{ field: "body.quoteId", message: expect.stringContaining(why) }],
    ]);
  });

  test("places nothing for a stranger, and nothing once it has expired", async () => {
    const { id } = await quote(given);
    const bob = await platform.customer("bob");
    const stolen = await bob.post(JSON.stringify(ordered(given, { quoteId: id })));
    expect([stolen.status, problemOf(stolen).type]).toEqual([422, "/problems/quote-not-valid"]);
    await platform.sql(`update pricing.quote set expires_at = '2020-01-01Z' where id = '${id}'`);
    const late = await place(ordered(given, { quoteId: id }));
    expect([late.status, problemOf(late).errors?.[0]?.message]).toEqual([
      422,
      expect.stringContaining("was valid until"),
    ]);
  });

  test("holds no use of its coupon: an order does, at the quoted price, and takes it from the next", async () => {
    const couponCode = "ONE-CHAIR";
    const terms = { code: couponCode, kind: "fixed", value: 1_000, currency: "USD", totalLimit: 1 };
    expect((await write(operator, "POST", "coupons", terms)).status).toBe(201);
    const withCoupon = { ...given, couponCode };
    const [first, second] = [await quote(withCoupon), await quote(withCoupon)];
    expect(first.discount.amount).toBe(1_000);
    const order = await alice.place(
      ordered({ ...withCoupon, items: [{ sku: "STOOL", quantity: 2 }] }, { quoteId: first.id }),
    );
    expect(order.total).toEqual(first.total);
    // There is no stock of it, so the order ends and gives the use back; until then nobody else has it.
    await alice.until(order.id, "REJECTED");
    const sold = asked("SKU-019", 1, { couponCode });
    const deadline = Date.now() + 10_000;
    let kept = await place(ordered(sold));
    while (kept.status === 422 && Date.now() < deadline) kept = await place(ordered(sold));
    expect(kept.status).toBe(201);
    const spent = await place(ordered(withCoupon, { quoteId: second.id }));
    expect([spent.status, problemOf(spent).type]).toEqual([422, "/problems/coupon-not-valid"]);
    const none = await write(alice, "POST", "quotes", withCoupon);
    expect([none.status, fieldsOf(none)]).toEqual([422, ["body.couponCode"]]);
    const inYen = await write(alice, "POST", "quotes", { ...withCoupon, currency: "JPY" });
    expect([inYen.status, fieldsOf(inYen)]).toEqual([422, ["body.shippingAddress.country"]]);
  });

  test("is not given for what has no price, and says why", async () => {
    const unknown = await write(alice, "POST", "quotes", { ...given, items: [{ sku: "NONE", quantity: 1 }] });
    expect([unknown.status, fieldsOf(unknown)]).toEqual([422, ["body.items.0.sku"]]);
    const bad = await write(alice, "POST", "quotes", { ...given, items: [{ sku: "STOOL", quantity: 0 }] });
    expect([bad.status, fieldsOf(bad)]).toEqual([400, ["body.items.0.quantity"]]);
  });
});
