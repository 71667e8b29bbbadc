/** The stock of a new SKU is opened by whoever is first: on a real database, where others come in between. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { EmbeddedServer } from "../../runtime/database/embedded.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { inventory } from "./index.ts";
import type { SkuStock } from "./stock.ts";
import { presentStock, requestAdjustment, requestPolicy, type StockDeps } from "./stock-request.ts";
import { openSku } from "./store.ts";

setDefaultTimeout(30_000);

const BACKORDER = { backorder: true, lowStockThreshold: 3 };
const ID = "019a0000-0000-7000-8000-000000000000";
const BY_NOBODY = { claim: null, traceparent: null, operator: null };

let server: EmbeddedServer;
let database: Database;

beforeAll(async () => {
  server = await startScratchServer();
  await migrate({ url: server.url, modules: [inventory], log: () => undefined, scheduler });
  database = openDatabase({ url: server.url, schema: "inventory", role: "inventory_app", scheduler });
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

/** Commands are decided on the stock as committed, and nothing is kept of them. */
const depsOf = (change: Partial<StockDeps> = {}): StockDeps => ({
  database,
  ids: { next: () => ID },
  clock: { now: () => 0 },
  isProduct: async () => true,
  earlier: async () => undefined,
  lane: {
    async execute(command, key, input) {
      const shared = new Map<string, SkuStock>();
      for (const sku of command.shares?.(undefined, input) ?? [])
        shared.set(sku, await presentStock({ database }, sku));
      const context = { key, now: 0, ids: { next: () => ID }, shared };
      return { kind: "decided", answer: command.decide(undefined, input, context).answer };
    },
  },
  ...change,
});

test("units come into a warehouse of a new SKU although somebody else has opened another one meanwhile", async () => {
  const isProduct = async (sku: string) => {
    await database.query(openSku(sku, "main", null));
    return true;
  };
  const adjustment = { sku: "TEA", warehouse: "east", delta: 5, reason: "bought" };
  const movement = await requestAdjustment(depsOf({ isProduct }), adjustment, BY_NOBODY);
  expect(movement).toMatchObject({ warehouse: "east", onHandDelta: 5 });
  expect((await presentStock({ database }, "TEA")).warehouses.map(({ warehouse }) => warehouse)).toEqual([
    "east",
    "main",
  ]);
});

test("a policy that was set holds although the SKU is opened in another warehouse at the same moment", async () => {
  expect(await requestPolicy(depsOf(), { sku: "CUP", ...BACKORDER }, BY_NOBODY)).toMatchObject({ opened: true });
  // Its statement has begun before the other one was committed, and so does not see it.
  const { text, params } = openSku("CUP", "east", null);
  await database.query({ text: text.replace("from stock where sku", "from stock where false and sku"), params });
  expect(await presentStock({ database }, "CUP")).toMatchObject(BACKORDER);
});
