/**
 * Orders by customer, status and time, the newest first, a page at a time. Each page begins where the one before has
 * ended, in an index. No index holds what changes, so a status is looked for among the next orders, so many a page: where
 * few have it a page may be short, and the list goes on behind it.
 */
import type { Database, Parameter } from "../../runtime/database/port.ts";
import { columnNames, recordset } from "../../runtime/database/recordset.ts";
import type { Stored } from "../../runtime/messages/aggregate.ts";
import type { Order, OrderStatus } from "./order.ts";
import { orders, ordersOf } from "./store.ts";

export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  readonly createdFromMs?: number | undefined;
  /** Exclusive. */
  readonly createdUntilMs?: number | undefined;
}

/** Time of creation and id. */
export type OrderPlace = readonly [createdMs: number, id: string];

export interface OrderPage {
  readonly items: readonly Stored<Order>[];
  /** Where the list goes on; null where it does not. */
  readonly next: OrderPlace | null;
}

/** How many orders a page looks through for those of a status. */
const LOOKED_THROUGH = 10_000;

/** The orders behind a place that fit the filter, at most `limit`. */
export async function listOrders(
  database: Database,
  filter: OrderFilter,
  after: OrderPlace | null,
  limit: number,
  lookedThrough = LOOKED_THROUGH,
): Promise<OrderPage> {
  const { status, ...indexed } = filter;
  const end =
    status === undefined || status === ATTENTION ? null : await endOf(database, indexed, after, lookedThrough);
  const { sql, params, text } = where(filter, after, end);
  const rows = await database.query({
    text: `select ${COLUMNS} from orders ${sql} order by created_at desc, id desc limit ${text(limit + 1)}::integer`,
    params,
  });
  const found = [...ordersOf(rows).values()];
  const items = found.slice(0, limit);
  const last = items.at(-1)?.state;
  return { items, next: last && found.length > limit ? [last.createdAt, last.id] : end };
}

/** Where to stop looking for a status; null where the list ends before. */
async function endOf(database: Database, filter: OrderFilter, after: OrderPlace | null, lookedThrough: number) {
  const { sql, params, text } = where(filter, after, null);
  const [last] = await database.query({
    text: `select created_at, id from orders ${sql} order by created_at desc, id desc offset ${text(lookedThrough - 1)}::integer limit 1`,
    params,
  });
  return last === undefined ? null : ([Number(last.created_at), String(last.id)] as const);
}

const ATTENTION = "NEEDS_ATTENTION" satisfies OrderStatus;
const COLUMNS = columnNames(recordset(orders));

/** The statement's condition; `text` adds a parameter and says how SQL names it. */
function where(filter: OrderFilter, after: OrderPlace | null, end: OrderPlace | null) {
  const { customerId, status, createdFromMs, createdUntilMs } = filter;
  const params: Parameter[] = [];
  const text = (value: string | number) => `$${params.push(String(value))}::text`;
  // No order is older than the epoch, and PostgreSQL knows no year 0.
  const time = (ms: number) => `${text(new Date(Math.max(0, ms)).toISOString())}::timestamptz`;
  const place = ([createdMs, id]: OrderPlace) => `(${time(createdMs)}, ${text(id)}::uuid)`;
  const conditions: string[] = [];
  if (customerId !== undefined) conditions.push(`customer_id = ${text(customerId)}`);
  // Those few have an index of their own.
  if (status === ATTENTION) conditions.push("attention is not null");
  else if (status !== undefined) conditions.push(`status = ${text(status)}`);
  if (createdFromMs !== undefined) conditions.push(`created_at >= ${time(createdFromMs)}`);
  if (createdUntilMs !== undefined) conditions.push(`created_at < ${time(createdUntilMs)}`);
  if (after !== null) conditions.push(`(created_at, id) < ${place(after)}`);
  if (end !== null) conditions.push(`(created_at, id) >= ${place(end)}`);
  return { sql: conditions.length > 0 ? `where ${conditions.join(" and ")}` : "", params, text };
}
