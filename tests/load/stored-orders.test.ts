/** Stored orders are as good as placed ones: the books of all modules agree on them, and their owners see them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { systemClock } from "../../runtime/clock.ts";
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { issueToken } from "../../runtime/identity/development-issuer.ts";
import type { Role } from "../../runtime/identity/principal.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionPostgres } from "../provision/postgres.ts";
import { seedCatalogue } from "./catalogue.ts";
import { coreRows } from "./drain.ts";
import { makeOrderTemplate, type OrderTemplate, rowCounts, rowsOfOrder } from "./order-template.ts";
import { migratePlatform, type Platform, startPlatform } from "./platform.ts";
import { progressLine, storeOrders } from "./stored-orders.ts";

setDefaultTimeout(60_000);

const tools = await provideOrSkip("tests/load/stored-orders", provisionPostgres);
const ORDERS = 120;
const CUSTOMERS = 7;
const DAY_MS = 24 * 3_600_000;

let server: ExternalPostgres;
let sql: Sql;
let scratch = "";
let skus: readonly string[] = [];
let template: OrderTemplate;

beforeAll(async () => {
  if (tools === undefined) return;
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-stored-orders-"));
  server = await startExternalPostgres({ alwaysOwn: true });
  sql = postgres(server.url, { max: 1, onnotice: () => undefined });
  await migratePlatform(server.url);
  skus = await seedCatalogue(server.url, 10);
  const [first = "", second = ""] = skus;
  template = await makeOrderTemplate({ databaseUrl: server.url, sql, directory: scratch }, [first, second]);
});
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await server?.stop();
  if (scratch !== "") await rm(scratch, { recursive: true, force: true });
});

const indexes = async () => [
  ...(await sql`select schemaname, tablename, indexname, indexdef from pg_indexes
    where schemaname not in ('pg_catalog', 'information_schema') order by schemaname, indexname`),
];

/** Orders that were copied, from the oldest on. */
const stored = () => sql<{ id: string; customer_id: string; created_at: Date }[]>`
  select id, customer_id, created_at from "order".orders order by created_at`;

test.skipIf(tools === undefined)(
  "the template is one finished order with its rows in all modules that keep some",
  () => {
    expect(template.tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        '"order".history',
        '"order".orders',
        "delivery.shipment",
        "inventory.movement",
        "inventory.reservation",
        "notification.order_notices",
        "payment.payment",
        "payment_simulator.charge",
      ]),
    );
  },
);

test.skipIf(tools === undefined)(
  "an order that has left rows without its name, or has not ended, is no template",
  async () => {
    const before = await rowCounts(sql);
    for (const { name, lines } of template.tables) before.set(name, (before.get(name) ?? 0) - lines.length);
    expect(await rowsOfOrder(sql, template.orderId, before)).toEqual([...template.tables]);
    await sql`insert into delivery.timer values (0, ${template.orderId}, 'carrier', now() + interval '1 day')`;
    await expect(rowsOfOrder(sql, template.orderId, before)).rejects.toThrow("not finished: delivery.timer has 1 rows");
    await sql`delete from delivery.timer`;
    await sql`insert into notification.inbox_mark values ('another key', 'a topic', 1, now())`;
    await expect(rowsOfOrder(sql, template.orderId, before)).rejects.toThrow(
      "notification.inbox_mark has 1 more rows, and 0 name the order: say how copies are made of it",
    );
    await sql`delete from notification.inbox_mark`;
  },
);

test.skipIf(tools === undefined)("what cannot be copied fails, and leaves the table as it was", async () => {
  const before = await indexes();
  const broken = { ...template, tables: [{ name: '"order".history', lines: ["no row of a history"] }] };
  const options = { orders: 5_000, skus, customers: 1, progress: () => undefined };
  await expect(storeOrders(server.url, broken, options)).rejects.toThrow(
    /^"order".history was not filled: .*invalid input syntax for type uuid/s,
  );
  const [row] = await sql`select count(*)::int as entries from "order".history where order_id = ${template.orderId}`;
  expect(row?.entries).toBeGreaterThan(5);
  expect(await indexes()).toEqual(before);
});

test.skipIf(tools === undefined)(
  "orders are spread over a year, customers and products; indexes are as before",
  async () => {
    const before = await indexes();
    await storeOrders(server.url, template, { orders: ORDERS, skus, customers: CUSTOMERS, progress: () => undefined });
    expect(await indexes()).toEqual(before);
    const orders = await stored();
    expect(orders.length).toBe(ORDERS);
    const ids = orders.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).not.toContain(template.orderId);
    const ages = orders.map(({ created_at }) => (Date.now() - created_at.getTime()) / DAY_MS);
    expect(Math.max(...ages)).toBeWithin(360, 366);
    expect(Math.min(...ages)).toBeWithin(0, 5);
    expect(new Set(orders.map(({ customer_id }) => customer_id)).size).toBe(CUSTOMERS);
    const [sold] =
      await sql`select count(distinct sku)::int as skus from inventory.movement where order_id is not null`;
    expect(sold?.skus).toBe(skus.length);
    // The youngest of 120 in a year is three days old: its key is gone by then.
    expect(await coreRows(sql)).toEqual({
      outbox: 0,
      inbox: 0,
      timer: 0,
      callIntent: 0,
      deadLetter: 0,
      idempotency: 0,
    });
  },
);

test.skipIf(tools === undefined)("the books of all modules agree on them, and their owners see them", async () => {
  const platform = await startPlatform({ databaseUrl: server.url, directory: scratch, name: "reconcile" });
  try {
    const { violations, checked } = reconciliationSchema.parse(
      await ask(platform, "ops/reconcile", "operator", "olga"),
    );
    expect(violations).toEqual([]);
    expect(checked).toEqual({ orders: ORDERS, inFlight: 0, parked: 0, stocks: skus.length, violations: 0 });
    const [oldest] = await stored();
    const path = `orders/${oldest?.id}`;
    const owner = oldest?.customer_id ?? "";
    expect(await ask(platform, path, "customer", owner)).toMatchObject({ id: oldest?.id, status: "COMPLETED" });
    const history = await ask(platform, `${path}/history`, "customer", owner);
    expect(history).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ type: "OrderCompleted" })]),
    });
  } finally {
    await platform.stop();
  }
});

test("progress tells how far it is, how fast, and how long the rest takes", () => {
  expect(progressLine(250_000, 1_000_000, 5_000_000, 60_000)).toBe(
    "loaded 250000 of 1000000 orders: 5000000 rows, 83333 rows/s, 3.0 min left",
  );
});

async function ask(platform: Platform, path: string, role: Role, sub: string): Promise<unknown> {
  const token = await issueToken({ dataDir: platform.dataDir, clock: systemClock, role, sub, ttlSeconds: 600 });
  const answer = await fetch(`http://127.0.0.1:${platform.port}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  return answer.json();
}
