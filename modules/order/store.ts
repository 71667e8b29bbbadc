import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import type { Address } from "../../runtime/address.ts";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import { instant, json, minorUnits } from "../../runtime/database/columns.ts";
import type { Row, Statement } from "../../runtime/database/port.ts";
import { recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions, type Stored } from "../../runtime/messages/aggregate.ts";
import { entryStore } from "../../runtime/messages/entry-store.ts";
import type { QuoteLine } from "../pricing/contract.ts";
import type { HistoryEntry, Order, OrderStatus, Stage, Undo } from "./order.ts";

/** No index on what changes: updates then stay on their page (HOT). */
export const orders = pgTable(
  "orders",
  {
    id: uuid("id").primaryKey(),
    customerId: text("customer_id").notNull(),
    stage: text("stage").$type<Stage>().notNull(),
    status: text("status").$type<OrderStatus>().notNull(),
    reason: text("reason"),
    attention: text("attention"),
    undoing: json<readonly Undo[]>("undoing").notNull(),
    settledByHand: boolean("settled_by_hand").notNull(),
    currency: text("currency").notNull(),
    items: json<readonly QuoteLine[]>("items").notNull(),
    subtotal: minorUnits("subtotal").notNull(),
    discount: minorUnits("discount").notNull(),
    shipping: minorUnits("shipping").notNull(),
    tax: minorUnits("tax").notNull(),
    total: minorUnits("total").notNull(),
    shippingAddress: json<Address>("shipping_address").notNull(),
    paymentToken: text("payment_token").notNull(),
    couponCode: text("coupon_code"),
    email: text("email"),
    historyLength: integer("history_length").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
    version: integer("version").notNull(),
    positions: json<Positions>("positions").notNull(),
  },
  (table) => [
    index("orders_by_age").on(table.createdAt, table.id),
    index("orders_by_customer_and_age").on(table.customerId, table.createdAt, table.id),
    index("orders_needing_attention").on(table.id).where(sql`${table.attention} is not null`),
  ],
);

export const history = pgTable(
  "history",
  {
    orderId: uuid("order_id").notNull(),
    sequence: integer("sequence").notNull(),
    type: text("type").notNull(),
    at: instant("at").notNull(),
    data: json<Readonly<Record<string, unknown>>>("data").notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.sequence] })],
);

export const orderStore = aggregateStore<Order>(orders, {
  key: "id",
  mutable: ["stage", "status", "reason", "attention", "undoing", "settledByHand", "historyLength", "updatedAt"],
});

export const historyStore = entryStore(history);

/** Orders as committed, by id. */
export const ordersOf = (rows: readonly Row[]): Map<string, Stored<Order>> =>
  new Map(rows.map((row) => [String(row.id), orderStore.decode(row)]));

/** Where somebody has read an order's history up to. */
export interface HistoryPlace {
  readonly orderId: string;
  readonly afterSequence: number;
}

/** A page of an order's history after `sequence`. */
export const readHistory = (orderId: string, afterSequence: number, limit: number): Statement => ({
  text: `select order_id, sequence, type, at, data from history
    where order_id = $1::uuid and sequence > $2::integer order by sequence limit $3::integer`,
  params: [orderId, afterSequence, limit],
});

/** How many entries are read at once. */
const READ_AT_ONCE = 100;

/** The next entries of several histories, each after its own sequence; `request` is its place among them, from 1. */
export const readHistories = (requests: readonly HistoryPlace[]): Statement => ({
  text: `select seen.request, h.* from unnest($1::uuid[], $2::integer[]) with ordinality as seen(order_id, sequence, request)
    cross join lateral (
      select order_id, sequence, type, at, data from history
      where order_id = seen.order_id and sequence > seen.sequence order by sequence limit ${READ_AT_ONCE}) h
    order by seen.request, h.sequence`,
  params: [
    arrayLiteral(requests.map(({ orderId }) => orderId)),
    arrayLiteral(requests.map(({ afterSequence }) => afterSequence)),
  ],
});

const historySet = recordset(history);

// The columns are the ones that `historyStore` writes.
export const historyOf = (rows: readonly Row[]) => rows.map((row) => historySet.decode(row) as unknown as HistoryEntry);
