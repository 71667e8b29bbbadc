/** Prices from the operators who set them to the orders that pay them: products, promotions, rates. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as z from "zod";
import { type Answer, type Client, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import {
  asked,
  type Body,
  fieldsOf,
  ordered,
  PRICING,
  parsed,
  product,
  quoteFor,
  read,
  to,
  totals,
  write,
} from "./pricing-requests.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;
let operator: Client;

const promotionSchema = z.looseObject({ id: z.uuid(), name: z.string(), enabled: z.boolean() });
const listOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

const quote = (body: Body, caller = alice) => quoteFor(caller, body);
const put = (sku: string, change: Body = {}, headers: Record<string, string> = {}, caller = operator) =>
  write(caller, "PUT", `products/${sku}`, product(change), headers);

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

describe("a product", () => {
  test("is made and replaced, and everybody reads it at once, in quotes and in the catalogue", async () => {
    const made = await put("CHAIR-1");
    expect([made.status, made.headers.get("etag"), made.headers.get("location")]).toEqual([
      201,
      '"1"',
      `${PRICING}/products/CHAIR-1`,
    ]);
    for (let version = 2; version < 8; version++) {
      const amount = 10_000 + version;
      const replaced = await put("CHAIR-1", { prices: [{ amount, currency: "USD" }] });
      expect([replaced.status, replaced.headers.get("etag")]).toEqual([200, `"${version}"`]);
      expect((await quote(asked("CHAIR-1"))).subtotal.amount).toBe(amount);
      const shown = await platform.guest().send({ method: "GET", path: `${PRICING}/products/CHAIR-1` });
      expect([shown.headers.get("etag"), JSON.parse(shown.text)]).toEqual([`"${version}"`, JSON.parse(replaced.text)]);
    }
    const inYen = await write(alice, "POST", "quotes", asked("CHAIR-1", 1, { currency: "JPY" }));
    expect([inYen.status, fieldsOf(inYen)[0]]).toEqual([422, "body.currency"]);
  });

  test("is written with If-Match only over the version that was read", async () => {
    expect((await put("CHAIR-2", {}, { "if-match": "*" })).status).toBe(412);
    expect((await put("CHAIR-2")).status).toBe(201);
    const late = await put("CHAIR-2", { name: "Too late" }, { "if-match": '"7"' });
    expect([late.status, problemOf(late).type]).toEqual([412, "/problems/version-mismatch"]);
    const rivals = await Promise.all(
      ["a", "b", "c", "d"].map((name) => put("CHAIR-2", { name }, { "if-match": '"1"' })),
    );
    expect(rivals.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  });

  test.each<[string, Body, string]>([
    ["no name", { name: " " }, "body.name"],
    ["no price", { prices: [] }, "body.prices"],
    ["a price below nothing", { prices: [{ amount: -1, currency: "USD" }] }, "body.prices.0.amount"],
    ["two prices in a currency", { prices: [1, 2].map((amount) => ({ amount, currency: "USD" })) }, "body.prices"],
    ["a class that is none", { taxClass: "luxury" }, "body.taxClass"],
    ["a part of a gram", { weightGrams: 0.5 }, "body.weightGrams"],
    ["a field too many", { colour: "red" }, "body.colour"],
  ])("is not made with %s", async (_what, change, field) => {
    const answer = await put("CHAIR-BAD", change);
    expect([answer.status, fieldsOf(answer)]).toEqual([400, [field]]);
  });
});

describe("promotions", () => {
  const ids: string[] = [];
  const make = async (terms: Body) => {
    const answer = await write(operator, "POST", "promotions", { enabled: true, skus: ["SOFA"], ...terms });
    const made = parsed(answer, 201, promotionSchema);
    ids.push(made.id);
    return made;
  };
  const disable = (id: string, headers?: Record<string, string>) =>
    write(operator, "POST", `promotions/${id}/disable`, {}, headers);

  beforeAll(async () => {
    await put("SOFA", { weightGrams: 100 });
  });
  afterAll(async () => {
    for (const id of ids) await disable(id);
  });

  test("apply in the order of their creation from the moment they are made until they are disabled", async () => {
    // 600 of shipping and 48 of its tax come on top of each.
    const of = async () => totals(await quote(asked("SOFA", 3)));
    expect(await of()).toEqual([30_000, 0, 600, 2_400 + 48, 33_048]);
    const fixed = await make({ name: "1 off", kind: "fixed", value: 100, currency: "USD" });
    expect(await of()).toEqual([30_000, 100, 600, 2_392 + 48, 32_940]);
    await make({ name: "3 for 2", kind: "buy_x_get_y", buy: 2, get: 1 });
    expect(await of()).toEqual([30_000, 10_100, 600, 1_592 + 48, 22_140]);
    await make({ name: "Half", kind: "percentage", value: 50 });
    await make({ name: "Not yet", kind: "percentage", value: 100, validFrom: "2999-01-01T00:00:00Z" });
    await make({ name: "Too dear", kind: "percentage", value: 100, minimumSpend: { amount: 30_001, currency: "USD" } });
    await make({ name: "Idle", kind: "percentage", value: 100, enabled: false });
    expect(await of()).toEqual([30_000, 20_050, 600, 796 + 48, 11_394]);
    await make({ name: "Sent free", kind: "free_shipping" });
    expect(await of()).toEqual([30_000, 20_050, 0, 796, 10_746]);
    const disabled = parsed(await disable(fixed.id), 200, promotionSchema);
    expect(disabled).toEqual({ ...fixed, enabled: false });
    expect(await of()).toEqual([30_000, 20_000, 0, 800, 10_800]);
    expect(totals(await quote(asked("CHAIR-2"))).slice(0, 2)).toEqual([10_000, 0]);

    const shown = (await read(platform.guest(), "promotions", listOf(promotionSchema))).items;
    const order = shown.map(({ id }) => ids.indexOf(id)).filter((index) => index >= 0);
    expect(order).toEqual([...ids.keys()]);
    const first = await read(alice, "promotions?limit=1", listOf(promotionSchema));
    const second = await read(alice, `promotions?limit=1&cursor=${first.nextCursor}`, listOf(promotionSchema));
    expect([...first.items, ...second.items]).toEqual(shown.slice(0, 2));
  });

  test("are made and disabled once for a key", async () => {
    const key = { "idempotency-key": crypto.randomUUID() };
    const terms = { name: "Once", kind: "percentage", value: 1, enabled: false };
    const made = await Promise.all(Array.from({ length: 5 }, () => write(operator, "POST", "promotions", terms, key)));
    const [id] = new Set(made.map((answer) => parsed(answer, 201, promotionSchema).id));
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    const other = await write(operator, "POST", "promotions", { ...terms, value: 2 }, key);
    expect([other.status, problemOf(other).type]).toEqual([422, "/problems/idempotency-key-reused"]);
    const twice = [await disable(id ?? "", key), await disable(id ?? "", key)];
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    expect((await disable(crypto.randomUUID())).status).toBe(404);
  });

  test.each<[string, Body, string]>([
    ["no kind", { name: "Bad" }, "body.kind"],
    ["no name", { kind: "free_shipping" }, "body.name"],
    ["more than everything", { name: "Bad", kind: "percentage", value: 101 }, "body.value"],
    ["an amount of no currency", { name: "Bad", kind: "fixed", value: 5 }, "body.currency"],
    ["nothing free", { name: "Bad", kind: "buy_x_get_y", buy: 2, get: 0 }, "body.get"],
    ["no product", { name: "Bad", kind: "percentage", value: 5, skus: [] }, "body.skus"],
    [
      "an end before its beginning",
      { name: "Bad", kind: "free_shipping", validFrom: "2026-01-02T00:00:00Z", validUntil: "2026-01-01T00:00:00Z" },
      "body.validUntil",
    ],
  ])("are not made with %s", async (_what, terms, field) => {
    const answer = await write(operator, "POST", "promotions", { enabled: false, ...terms });
    expect([answer.status, fieldsOf(answer)]).toEqual([400, [field]]);
  });
});

describe("rates", () => {
  const tax = (country: string, inclusive: boolean, standard: number) => ({
    country,
    inclusive,
    rates: { standard, reduced: 0, zero: 0 },
  });
  const bands = (country: string, currency: string, ...given: readonly (readonly [number | null, number])[]) => ({
    country,
    currency,
    bands: given.map(([upToGrams, amount]) => ({ upToGrams, amount })),
  });
  const putTax = (body: ReturnType<typeof tax>) => write(operator, "PUT", `tax-rates/${body.country}`, body);
  const putShipping = (body: ReturnType<typeof bands>) =>
    write(operator, "PUT", `shipping-rates/${body.country}`, body);

  test("of a country open it, in each currency by itself, and hold at once", async () => {
    await put("BENCH");
    const inYen = asked("BENCH", 2, { currency: "JPY", ...to("JP") });
    const refused = await write(alice, "POST", "quotes", inYen);
    expect([refused.status, problemOf(refused).type]).toEqual([422, "/problems/not-for-sale"]);
    expect(fieldsOf(refused)).toEqual(Array(2).fill("body.shippingAddress.country"));
    expect((await putTax(tax("JP", true, 1_000))).status).toBe(200);
    expect((await putShipping(bands("JP", "JPY", [1_000, 500], [2_000, 800]))).status).toBe(200);
    // Contained: 2 727 in 30 000, 73 in 800.
    expect(totals(await quote(inYen))).toEqual([30_000, 0, 800, 2_800, 30_800]);
    const heavy = await write(alice, "POST", "quotes", asked("BENCH", 3, { currency: "JPY", ...to("JP") }));
    expect([heavy.status, fieldsOf(heavy)]).toEqual([422, ["body.items"]]);
    const inDollars = await write(alice, "POST", "quotes", asked("BENCH", 1, to("JP")));
    expect([inDollars.status, fieldsOf(inDollars)]).toEqual([422, ["body.shippingAddress.country"]]);
    await putShipping(bands("JP", "USD", [null, 900]));
    await putTax(tax("JP", false, 2_000));
    expect(totals(await quote(inYen))).toEqual([30_000, 0, 800, 6_160, 36_960]);
    expect(totals(await quote(asked("BENCH", 1, to("JP"))))).toEqual([10_000, 0, 900, 2_180, 13_080]);
  });

  test("of the demo are of the United States and Taiwan, and everybody reads them", async () => {
    const taxes = await read(platform.guest(), "tax-rates", listOf(z.looseObject({ country: z.string() })));
    expect(taxes.items.map(({ country }) => country)).toEqual(expect.arrayContaining(["TW", "US"]));
    const rate = z.looseObject({ country: z.string(), currency: z.string() });
    const rates = (await read(platform.guest(), "shipping-rates?limit=100", listOf(rate))).items;
    const names = rates.map(({ country, currency }) => `${country} ${currency}`);
    expect(names).toEqual(expect.arrayContaining(["TW TWD", "TW USD", "US TWD", "US USD"]));
    const pages: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: z.infer<ReturnType<typeof listOf<typeof rate>>> = await read(
        alice,
        `shipping-rates?limit=1${cursor && `&cursor=${cursor}`}`,
        listOf(rate),
      );
      pages.push(...page.items.map(({ country, currency }) => `${country} ${currency}`));
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(names);
  });

  test("that cannot be are refused", async () => {
    const fields = async (answer: Promise<Answer>) => [(await answer).status, fieldsOf(await answer)];
    const elsewhere = write(operator, "PUT", "tax-rates/FR", tax("DE", true, 0));
    expect(await fields(elsewhere)).toEqual([400, ["body.country"]]);
    expect(await fields(putTax(tax("FR", true, 10_001)))).toEqual([400, ["body.rates.standard"]]);
    expect(await fields(putShipping(bands("FR", "EUR")))).toEqual([400, ["body.bands"]]);
    expect(await fields(putShipping(bands("FR", "EUR", [5, 1], [5, 2])))).toEqual([400, ["body.bands"]]);
    expect(await fields(putShipping(bands("FR", "EUR", [5, -1])))).toEqual([400, ["body.bands.0.amount"]]);
  });

  test("of nothing make an order of nothing, which is confirmed without a charge", async () => {
    await putTax(tax("AQ", false, 1_000));
    await putShipping(bands("AQ", "USD", [null, 0]));
    const coupon = { code: "ALL-OF-IT", kind: "percentage", value: 100 };
    expect((await write(operator, "POST", "coupons", coupon)).status).toBe(201);
    const order = await alice.place(ordered(asked("SKU-019", 1, { couponCode: coupon.code, ...to("AQ") })), {
      wait: 10,
    });
    expect(["CONFIRMED", "FULFILLING"]).toContain(order.status);
    expect([order.subtotal.amount, order.tax.amount, order.total.amount]).toEqual([2_990, 0, 0]);
  });
});

test("operators write, customers ask for quotes, and everybody reads", async () => {
  const writes: readonly (readonly ["POST" | "PUT", string])[] = [
    ["PUT", "products/CHAIR-1"],
    ["POST", "promotions"],
    ["POST", `promotions/${crypto.randomUUID()}/disable`],
    ["PUT", "tax-rates/FR"],
    ["PUT", "shipping-rates/FR"],
  ];
  for (const [method, path] of writes) {
    expect([path, (await write(alice, method, path, {})).status]).toEqual([path, 403]);
    expect([path, (await write(platform.guest(), method, path, {})).status]).toEqual([path, 401]);
  }
  expect((await write(operator, "POST", "quotes", asked("CHAIR-1"))).status).toBe(403);
  expect((await write(platform.guest(), "POST", "quotes", asked("CHAIR-1"))).status).toBe(401);
});
