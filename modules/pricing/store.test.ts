import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../runtime/clock.ts";
import type { EmbeddedServer } from "../../runtime/database/embedded.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database, Lane } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { createRetention, DEFAULT_RETENTION } from "../../runtime/messages/retention.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { offerOf } from "./coupon.fixture.ts";
import { holdStore } from "./coupon-store.ts";
import { demoProducts, demoShippingRates, demoTaxes } from "./demo.ts";
import { pricing } from "./index.ts";
import { priced } from "./price.ts";
import { createPriceBatch } from "./price-batch.ts";
import { putProduct } from "./product-write.ts";
import { termsOf } from "./promotion.fixture.ts";
import { addPromotion, disablePromotion } from "./promotion-store.ts";
import { addQuote, keyedQuotes, quoteReader } from "./quote-store.ts";
import { addNewRates, listShippingRates, listTaxes, putShippingRate, putTax } from "./rate-store.ts";
import { addNewProducts, findProduct, listProducts, saveProduct } from "./store.ts";
import { createTermsReader } from "./terms-store.ts";

setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;
let lane: Lane;

const run = (text: string) => database.query({ text, params: [] });

beforeAll(async () => {
  server = await startScratchServer();
  await migrate({ url: server.url, modules: [pricing], log: () => undefined, scheduler });
  database = openDatabase({ url: server.url, schema: "pricing", role: "pricing_app", scheduler });
  lane = database.lane("quotes");
  await addNewProducts(database, demoProducts);
  await addNewRates(database, demoTaxes, demoShippingRates);
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

test("the demo has SKU-001 to SKU-020, each with a price in TWD and USD", async () => {
  const products = await listProducts(database, null, 100);
  expect(products).toEqual(demoProducts.map((product) => ({ ...product, version: 1 })));
  expect(products.map(({ sku }) => sku)).toEqual(
    Array.from({ length: 20 }, (_, index) => `SKU-0${String(index + 1).padStart(2, "0")}`),
  );
  for (const { prices } of products) expect(prices.map(({ currency }) => currency)).toEqual(["TWD", "USD"]);
});

test("adding products again leaves those that are there as they are", async () => {
  await run("update product set name = 'Renamed', version = 2 where sku = 'SKU-003'");
  await run("delete from price where sku = 'SKU-003' and currency = 'USD'");
  const before = await findProduct(database, "SKU-003");
  await addNewProducts(database, demoProducts);
  expect(await findProduct(database, "SKU-003")).toEqual(before);
  expect(before).toMatchObject({ name: "Renamed", version: 2, prices: [{ amount: 1_250_00, currency: "TWD" }] });
});

test("pages of products follow each other in the bytes' order of their SKUs", async () => {
  await addNewProducts(
    database,
    ["a", "B", "_", "SKU-0010"].map((sku) => ({ sku, name: sku, prices: [], taxClass: "zero", weightGrams: 0 })),
  );
  const skus: string[] = [];
  for (let pages = 0; pages < 20; pages++) {
    const page = await listProducts(database, skus.at(-1) ?? null, 5);
    skus.push(...page.map(({ sku }) => sku));
    if (page.length < 5) break;
  }
  expect(skus).toEqual([...skus].sort());
  expect(skus.length).toBe(24);
  expect(await findProduct(database, "B")).toMatchObject({ prices: [] });
  expect(await findProduct(database, "b")).toBeUndefined();
});

test("terms of many products, currencies and destinations come in one answer", async () => {
  const terms = { kind: "percentage", value: 5, skus: null, currency: null, buy: null, get: null } as const;
  const always = { validFrom: null, validUntil: null, minimumSpend: null };
  const names = ["first", "idle", "second"];
  for (const [index, name] of names.entries())
    await addPromotion(
      database,
      { ...terms, ...always, name, id: `0192aaaa-0000-7000-8000-00000000000${9 - index}`, enabled: name !== "idle" },
      { claim: null, operator: null },
      1_000,
    );
  await addPromotion(
    database,
    { ...terms, ...always, name: "over", validUntil: 5_000, id: "0192aaaa-0000-7000-8000-000000000000", enabled: true },
    { claim: null, operator: null },
    1_000,
  );
  let now = 4_999;
  const readTerms = createTermsReader(lane, { now: () => now });
  const ask = (sku: string, currency: string) => ({ sku, currency });
  const to = (country: string, currency: string) => ({ country, currency });
  const found = await readTerms({
    products: [ask("SKU-001", "USD"), ask("SKU-001", "TWD"), ask("SKU-002", "JPY"), ask('x"\\,{}', "USD")],
    destinations: [to("US", "USD"), to("US", "JPY"), to("JP", "USD"), to('x"\\,{}', "USD")],
  });
  const tea = { taxClass: "reduced", weightGrams: 180 } as const;
  expect(found.products.toSorted((a, b) => (a.currency < b.currency ? -1 : 1))).toEqual([
    { sku: "SKU-002", currency: "JPY", unitPrice: null, taxClass: "reduced", weightGrams: 130 },
    { sku: "SKU-001", currency: "TWD", unitPrice: 599_00, ...tea },
    { sku: "SKU-001", currency: "USD", unitPrice: 18_90, ...tea },
  ]);
  expect(found.promotions.map(({ name }) => name)).toEqual(["first", "second", "over"]);
  expect(found.promotions[0]).toEqual({ ...terms, ...always, name: "first" });
  expect(found.taxes).toEqual(demoTaxes.filter(({ country }) => country === "US"));
  expect(found.shippings).toEqual(
    demoShippingRates.filter(({ country, currency }) => country === "US" && currency === "USD"),
  );
  now = 5_000;
  const later = await readTerms({ products: [], destinations: [] });
  expect(later.promotions.map(({ name }) => name)).toEqual(["first", "second"]);
  await run("delete from promotion");
  expect(await readTerms({ products: [], destinations: [] })).toEqual({
    products: [],
    promotions: [],
    taxes: [],
    shippings: [],
  });
});

test("disabling a promotion again changes nothing, and only the first time is in the audit log", async () => {
  const id = "0192bbbb-0000-7000-8000-000000000000";
  await addPromotion(database, { ...termsOf(), id, enabled: true }, { claim: null, operator: null }, 1_000);
  for (const [subject, request] of [
    ["olga", "0192cccc-0000-7000-8000-000000000000"],
    ["otto", "0192dddd-0000-7000-8000-000000000000"],
  ] as const) {
    const action = "POST /api/v1/pricing/promotions/{id}/disable";
    const operator = {
      id: request,
      subject,
      issuer: "the issuer",
      action,
      objects: { id },
      traceId: null,
      scope: null,
    };
    expect(await disablePromotion(database, id, { claim: null, operator }, 2_000)).toMatchObject({ enabled: false });
  }
  expect(await run("select subject, key from audit order by subject")).toMatchObject([{ subject: "olga", key: id }]);
  await run("delete from promotion");
});

test("rates are replaced, those of other countries and currencies stay, and pages of them follow each other", async () => {
  const tax = { country: "FR", inclusive: true, rates: { standard: 2_000, reduced: 550, zero: 0 } };
  await putTax(database, tax, null, 0);
  await putTax(database, { ...tax, inclusive: false }, null, 0);
  expect(await listTaxes(database, null, 10)).toEqual([{ ...tax, inclusive: false }, ...demoTaxes]);
  expect(await listTaxes(database, "FR", 1)).toEqual(demoTaxes.slice(0, 1));
  const rate = { country: "TW", currency: "TWD", bands: [{ upToGrams: null, amount: 1 }] };
  await putShippingRate(database, rate, null, 0);
  const rates = [rate, ...demoShippingRates.slice(1)];
  expect(await listShippingRates(database, null, 10)).toEqual(rates);
  expect(await listShippingRates(database, ["TW", "USD"], 1)).toEqual(rates.slice(2, 3));
  await addNewRates(database, demoTaxes, demoShippingRates);
  expect(await listShippingRates(database, null, 10)).toEqual(rates);
});

describe("a product that is saved", () => {
  const catalogue = { list: async () => [], find: async () => undefined, changed: async () => undefined };
  const given = {
    name: "Lamp",
    prices: [{ amount: 5, currency: "USD" }],
    taxClass: "standard",
    weightGrams: 9,
  } as const;
  const put = (sku: string, change: Partial<Parameters<typeof putProduct>[2]> = {}, ifMatch?: string) =>
    putProduct(
      { database, catalogue, clock: systemClock },
      sku,
      { ...given, prices: [...given.prices], ...change },
      { ifMatch, operator: null },
    );

  test("is new, or replaces the whole of what was there, prices included", async () => {
    const first = await put("LAMP", { prices: ["USD", "EUR"].map((currency) => ({ amount: 7, currency })) });
    expect(first.created).toBe(true);
    expect(await findProduct(database, "LAMP")).toEqual(first.product);
    expect(first.product.prices.map(({ currency }) => currency)).toEqual(["EUR", "USD"]);
    const second = await put("LAMP", { prices: ["JPY", "USD"].map((currency) => ({ amount: 8, currency })) });
    expect(second).toMatchObject({ created: false, product: { version: 2 } });
    expect(await findProduct(database, "LAMP")).toEqual(second.product);
  });

  test("is given up where others are always first, with when to send it again", async () => {
    let tries = 0;
    const outrun: Database = {
      ...database,
      async query(statement) {
        // Between the read and the write somebody else has written.
        if (!statement.text.startsWith("with x as")) return database.query(statement);
        tries++;
        return [];
      },
    };
    const asked = putProduct(
      { database: outrun, catalogue, clock: systemClock },
      "BUSY",
      { ...given, prices: [...given.prices] },
      { ifMatch: undefined, operator: null },
    );
    await expect(asked).rejects.toMatchObject({ problem: { status: 503 }, headers: { "retry-after": "1" } });
    expect(tries).toBeGreaterThan(1);
    expect(await findProduct(database, "BUSY")).toBeUndefined();
  });

  test("is refused with If-Match of another version, and nothing is written", async () => {
    await expect(put("MATCH", {}, "*")).rejects.toMatchObject({ problem: { status: 412 } });
    expect(await findProduct(database, "MATCH")).toBeUndefined();
    const { product } = await put("MATCH");
    await expect(put("MATCH", { name: "Other" }, '"2"')).rejects.toMatchObject({ problem: { status: 412 } });
    expect(await findProduct(database, "MATCH")).toEqual(product);
    expect((await put("MATCH", { name: "Other" }, '"1"')).product.version).toBe(2);
  });

  test("is written over no version but the one before", async () => {
    const { product } = await put("GUARD");
    expect(await saveProduct(database, { ...product, version: 3 }, null, 0)).toBe(false);
    expect(await saveProduct(database, { ...product, prices: [], version: 1 }, null, 0)).toBe(false);
    expect(await findProduct(database, "GUARD")).toEqual(product);
  });

  test("by many at once is whole: the last one's prices and no others; with If-Match one of them wins", async () => {
    const currencies = ["USD", "EUR", "JPY", "TWD", "CHF", "GBP"];
    const writers = currencies.map((currency, index) => ({ prices: [{ amount: index, currency }], name: currency }));
    const saved = await Promise.all(writers.map((change) => put("RACE", change)));
    expect(saved.map(({ product }) => product.version).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(saved.filter(({ created }) => created)).toHaveLength(1);
    const last = saved.find(({ product }) => product.version === 6)?.product;
    expect(await findProduct(database, "RACE")).toEqual(last);
    const tries = await Promise.allSettled(writers.map((change) => put("RACE", change, '"6"')));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

test("a quote is found by its id, however that is written; a key adds one", async () => {
  const find = quoteReader(database);
  const id = "0192bbbb-0000-7000-8000-000000000010";
  const quote = { id, customerId: "ann", addressDigest: id, couponCode: null, price: priced(offerOf(5), null) };
  const add = (claim: Parameters<typeof addQuote>[2]) => addQuote(database, { ...quote, expiresAt: 500 }, claim, 100);
  await add({ scope: id, bodyHash: id });
  expect(await find(id)).toEqual({ ...quote, expiresAt: 500 });
  expect(await find(id.toUpperCase())).toMatchObject({ id });
  expect(await find("0192bbbb-0000-7000-8000-000000000011")).toBeUndefined();
  await expect(add({ scope: id, bodyHash: id })).rejects.toMatchObject({ kind: "conflict" });
});

test("old quotes go, but none that a key leads to", async () => {
  await run("delete from quote");
  await run(`insert into quote (id, customer_id, address_digest, price, scope, expires_at, created_at)
    select md5(n::text)::uuid, 'ann', md5('a')::uuid, '{}', md5(n::text)::uuid, '2020-01-01Z', '2020-01-01Z'
    from generate_series(1, 3) n`);
  await run(`insert into idempotency (scope, body_hash, status, reference, created_at)
    values (md5('2')::uuid, md5('b')::uuid, 201, 'r', '2026-01-01Z')`);
  let now = Date.parse("2026-01-01T00:00:00Z");
  const retain = createRetention(
    database,
    { now: () => now },
    { ...DEFAULT_RETENTION, everyMs: 1 },
    { aggregate: holdStore, keyedRows: [keyedQuotes(900_000)] },
  );
  now += 1;
  await retain();
  expect(await run("select id from quote")).toEqual(await run("select md5('2')::uuid as id"));
});

test("a written price holds for every question asked after the write's answer", async () => {
  const batch = createPriceBatch(createTermsReader(lane, systemClock));
  const basket = { currency: "USD", country: "US", items: [{ sku: "SKU-020", quantity: 1 }] };
  let written = 0;
  let ended = false;
  const asked = Array<number>(8).fill(0);
  const askers = asked.map(async (_none, asker) => {
    while (!ended) {
      const atLeast = written;
      const price = (await batch.ask(basket)).product("SKU-020")?.unitPrice;
      if (atLeast > 0) expect(price).toBeGreaterThanOrEqual(atLeast);
      asked[asker] = (asked[asker] ?? 0) + 1;
      await scheduler.sleep(0);
    }
  });
  // On a busy machine writes may be faster than whoever asks: each has asked again after one.
  for (let amount = 1_000_000; amount < 1_000_040 || asked.some((times) => times < 2); amount++) {
    await run(`update price set amount = ${amount} where sku = 'SKU-020' and currency = 'USD'`);
    written = amount;
  }
  ended = true;
  await Promise.all(askers);
});
