/**
 * One finished order, placed through the API of a platform whose carrier and return window are quick, and every row that
 * it has left in any schema: what stored orders are copied from. A table that has grown by rows which do not name the
 * order is an error: nobody could say which of them belong to a copy.
 */
import type { Sql } from "postgres";
import { waitUntilDrained } from "./drain.ts";
import { startPlatform } from "./platform.ts";
import type { TemplateNames } from "./template-line.ts";
import { customerTokens } from "./tokens.ts";

export interface OrderTemplate {
  readonly names: TemplateNames;
  readonly orderId: string;
  readonly tables: readonly TemplateTable[];
}

export interface TemplateTable {
  /** Quoted, with its schema. */
  readonly name: string;
  /** As `copy … to stdout` gives them. */
  readonly lines: readonly string[];
}

const FINISHED = "COMPLETED";
const FINISH_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** So quick that a template takes seconds. */
const QUICK = { CARRIER_STEP_MS: "200", RETURN_WINDOW_MS: "500" };
/** Rows that come and go with processes and versions, not with orders. */
const NOT_OF_ORDERS = ["replica", "shard", "schema_migration"];
/** What is left to do: of a finished order there is nothing. */
const WORK = ["outbox", "timer", "call_intent", "dead_letter"];

/** Runs a platform on a migrated database that has no orders, until one is finished; the platform has ended then. */
export async function makeOrderTemplate(
  { databaseUrl, sql, directory }: { readonly databaseUrl: string; readonly sql: Sql; readonly directory: string },
  skus: readonly [string, string],
): Promise<OrderTemplate> {
  const before = await rowCounts(sql);
  const placedAtMs = Date.now();
  const platform = await startPlatform({ databaseUrl, directory, name: "template", settings: QUICK });
  let order: Order;
  try {
    const [token = ""] = await customerTokens(platform.dataDir, 1);
    order = await placeFinished(`http://127.0.0.1:${platform.port}/api/v1/orders`, token, skus);
    await waitUntilDrained(sql, FINISH_TIMEOUT_MS);
  } finally {
    await platform.stop();
  }
  const tables = await rowsOfOrder(sql, order.id, before);
  return { names: { customer: order.customerId, skus, placedAtMs }, orderId: order.id, tables };
}

interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly status: string;
}

async function placeFinished(url: string, token: string, skus: readonly string[]): Promise<Order> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({
    currency: "USD",
    items: skus.map((sku) => ({ sku, quantity: 1 })),
    shippingAddress: {
      name: "Ada Load",
      line1: "1 Bench Street",
      city: "Springfield",
      region: "IL",
      postalCode: "62701",
      country: "US",
    },
    paymentMethod: { token: "tok_visa" },
  });
  const key = `template-${crypto.randomUUID()}`;
  let order = await orderIn(
    await fetch(url, { method: "POST", headers: { ...headers, "idempotency-key": key, prefer: "wait=25" }, body }),
  );
  const deadlineMs = Date.now() + FINISH_TIMEOUT_MS;
  while (order.status !== FINISHED) {
    if (Date.now() > deadlineMs)
      throw new Error(`the template order is ${order.status} after ${FINISH_TIMEOUT_MS} ms, not ${FINISHED}`);
    await Bun.sleep(POLL_MS);
    order = await orderIn(await fetch(`${url}/${order.id}`, { headers }));
  }
  return order;
}

async function orderIn(answer: Response): Promise<Order> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the template order was answered ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

/** Of every table that may have rows of orders, by its quoted name. */
export async function rowCounts(sql: Sql): Promise<Map<string, number>> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
      and table_name <> all(${NOT_OF_ORDERS}) order by name`;
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ rows: string }[]>(`select count(*) as rows from ${name}`);
    counts.set(name, Number(row?.rows));
  }
  return counts;
}

/**
 * The rows of an order in all tables, which had so many rows before it was placed. Throws where a table has grown by
 * others, and where something of the order is still to be done.
 */
export async function rowsOfOrder(
  sql: Sql,
  orderId: string,
  before: ReadonlyMap<string, number>,
): Promise<TemplateTable[]> {
  const found: TemplateTable[] = [];
  for (const [name, rows] of await rowCounts(sql)) {
    const grown = rows - (before.get(name) ?? 0);
    const lines = await linesOf(sql, `select * from ${name} t where ${namesOrder(orderId)} order by ctid`);
    if (lines.length !== grown)
      throw new Error(
        `${name} has ${grown} more rows, and ${lines.length} name the order: say how copies are made of it`,
      );
    if (lines.length > 0 && WORK.includes(name.split(".").at(-1) ?? ""))
      throw new Error(`the template order is not finished: ${name} has ${lines.length} rows of it`);
    if (lines.length > 0) found.push({ name, lines });
  }
  return found;
}

/** Whether a row `t` is one of the order's. */
export const namesOrder = (orderId: string) => `position('${orderId}' in t::text) > 0`;

async function linesOf(sql: Sql, query: string): Promise<string[]> {
  const readable = await sql.unsafe(`copy (${query}) to stdout`).readable();
  let text = "";
  for await (const chunk of readable) text += String(chunk);
  return text.split("\n").slice(0, -1);
}
