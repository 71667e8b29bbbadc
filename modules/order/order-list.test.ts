import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { EmbeddedServer } from "../../runtime/database/embedded.ts";
import { migrate } from "../../runtime/database/migrate.ts";
import type { Database } from "../../runtime/database/port.ts";
import { openDatabase } from "../../runtime/database/postgres.ts";
import { startScratchServer } from "../../runtime/database/scratch-server.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { order } from "./index.ts";
import { newOrder } from "./order.fixture.ts";
import type { Order, OrderStatus } from "./order.ts";
import { listOrders, type OrderFilter, type OrderPlace } from "./order-list.ts";
import { orderStore } from "./store.ts";

setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;

const FIRST_MS = Date.UTC(2026, 0, 1);
const STATUSES: readonly OrderStatus[] = ["CONFIRMED", "COMPLETED", "NEEDS_ATTENTION"];
/** Three customers in turn; two orders share each moment; every tenth one needs attention, as few others as that are CONFIRMED. */
const placed: readonly Order[] = Array.from({ length: 60 }, (_, n) => {
  const status = n % 10 === 0 ? STATUSES[2] : n % 10 === 5 ? STATUSES[0] : STATUSES[1];
  return {
    ...newOrder,
    id: `01900000-0000-7000-8000-${String(n * 7919).padStart(12, "0")}`,
    customerId: ["alice", "bob", "carol"][n % 3] ?? "",
    stage: "CONFIRMED",
    status: status ?? "CONFIRMED",
    attention: status === "NEEDS_ATTENTION" ? "refund_failed" : null,
    createdAt: FIRST_MS + 1000 * (n >> 1),
  };
});

beforeAll(async () => {
  server = await startScratchServer();
  await migrate({ url: server.url, modules: [order], log: () => undefined, scheduler });
  database = openDatabase({ url: server.url, schema: "order", role: "order_app", scheduler });
  const rows = placed.map((state) =>
    orderStore.encodeNew({ key: state.id, state, version: 1, positions: { in: {}, out: {} } }, true),
  );
  await database.query({ text: orderStore.insert.sql.replace("$::text", "$1::text"), params: [JSON.stringify(rows)] });
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const newestFirst = (a: Order, b: Order) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

const fits = ({ customerId, status, createdFromMs = 0, createdUntilMs = Number.POSITIVE_INFINITY }: OrderFilter) =>
  placed
    .filter((each) => customerId === undefined || each.customerId === customerId)
    .filter((each) => status === undefined || each.status === status)
    .filter(({ createdAt }) => createdAt >= createdFromMs && createdAt < createdUntilMs)
    .sort(newestFirst)
    .map(({ id }) => id);

/** All pages one after the other, and how many there were. */
async function allOf(filter: OrderFilter, limit: number, lookedThrough?: number) {
  const ids: string[] = [];
  let pages = 0;
  for (let after: OrderPlace | null = null; ; ) {
    const page = await listOrders(database, filter, after, limit, lookedThrough);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map(({ key }) => key));
    pages++;
    after = page.next;
    if (after === null) return { ids, pages };
  }
}

test.each<[string, OrderFilter]>([
  ["all", {}],
  ["of a customer", { customerId: "bob" }],
  ["of nobody", { customerId: "nobody" }],
  ["from and until", { createdFromMs: FIRST_MS + 3_000, createdUntilMs: FIRST_MS + 20_000 }],
  ["from before any order", { createdFromMs: Date.parse("0000-01-01T00:00:00Z") }],
  ["until long after", { createdUntilMs: Date.parse("9999-12-31T23:59:59Z") }],
  ["in a status", { status: "COMPLETED" }],
  ["in a rare status", { status: "CONFIRMED" }],
  ["that need attention", { status: "NEEDS_ATTENTION" }],
  ["in a status that none has", { status: "EXPIRED" }],
  ["all at once", { customerId: "alice", status: "COMPLETED", createdFromMs: FIRST_MS + 1_000 }],
])("orders %s come once each, the newest first, whatever the pages", async (_what, filter) => {
  const wanted = fits(filter);
  for (const limit of [1, 7, 100]) expect((await allOf(filter, limit)).ids).toEqual(wanted);
  for (const lookedThrough of [1, 4, 60, 61]) expect((await allOf(filter, 3, lookedThrough)).ids).toEqual(wanted);
});

test("a page looks through so many orders for a status, and no more", async () => {
  const { items, next } = await listOrders(database, { status: "EXPIRED" }, null, 10, 25);
  const [last] = [...placed].sort(newestFirst).slice(24);
  expect([items, next]).toEqual([[], [last?.createdAt ?? 0, last?.id ?? ""]]);
});

test("orders share moments, and no page begins twice at one", async () => {
  expect(new Set(placed.map(({ createdAt }) => createdAt)).size).toBe(placed.length / 2);
  expect((await allOf({}, 1)).pages).toBe(placed.length);
});

test.each<[string, OrderFilter, string]>([
  ["of everybody", {}, "orders_by_age"],
  ["of a customer", { customerId: "alice" }, "orders_by_customer_and_age"],
])("a page %s is read from the index, without sorting", async (_what, filter, index) => {
  const statements: string[] = [];
  const watched: Database = {
    ...database,
    async query({ text, params }) {
      const plan = await database.query({ text: `explain ${text}`, params });
      statements.push(plan.map((row) => Object.values(row).join()).join("\n"));
      return database.query({ text, params });
    },
  };
  await listOrders(watched, filter, [FIRST_MS + 20_000, newOrder.id], 1);
  expect(statements).toHaveLength(1);
  expect(statements[0]).not.toContain("Sort");
  expect(statements[0]).toContain(index);
});
