import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { EmbeddedServer } from "../../runtime/database/embedded.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database, Lane } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { demoProducts } from "./demo.ts";
import { pricing } from "./index.ts";
import { createPriceBatch } from "./price-batch.ts";
import { addNewProducts, findProduct, listProducts, readPrices } from "./store.ts";

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

test("prices of many currencies and products come in one answer", async () => {
  const ask = (sku: string, currency: string) => ({ sku, currency });
  const questions = [ask("SKU-001", "USD"), ask("SKU-001", "TWD"), ask("SKU-002", "JPY"), ask('x"\\,{}', "USD")];
  const prices = await readPrices(lane, questions);
  expect(prices.sort((a, b) => (a.currency < b.currency ? -1 : 1))).toEqual([
    { sku: "SKU-002", currency: "JPY", unitPrice: null },
    { sku: "SKU-001", currency: "TWD", unitPrice: 599_00 },
    { sku: "SKU-001", currency: "USD", unitPrice: 18_90 },
  ]);
  expect(await readPrices(lane, [])).toEqual([]);
});

test("a written price holds for every question asked after the write's answer", async () => {
  const batch = createPriceBatch((questions) => readPrices(lane, questions));
  let written = 0;
  let ended = false;
  const askers = Array.from({ length: 8 }, async () => {
    let asked = 0;
    while (!ended) {
      const atLeast = written;
      const price = (await batch.ask("USD", ["SKU-020"]))("SKU-020");
      if (atLeast > 0) expect(price).toBeGreaterThanOrEqual(atLeast);
      asked++;
      await scheduler.sleep(0);
    }
    return asked;
  });
  for (let amount = 1_000_000; amount < 1_000_040; amount++) {
    await run(`update price set amount = ${amount} where sku = 'SKU-020' and currency = 'USD'`);
    written = amount;
  }
  ended = true;
  for (const asked of await Promise.all(askers)) expect(asked).toBeGreaterThan(1);
});
