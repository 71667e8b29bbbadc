import { sql } from "drizzle-orm";
import { check, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import { instant, json } from "../../runtime/database/columns.ts";
import type { Row, Statement } from "../../runtime/database/port.ts";
import { aggregateStore, type Positions, type SharedStore } from "../../runtime/messages/aggregate.ts";
import { entryStore } from "../../runtime/messages/entry-store.ts";
import type { Allocation, ReservationStatus } from "./reservation.ts";
import type { SkuStock } from "./stock.ts";

/** What an order holds of the stock. The key is the order's id. */
export const reservations = pgTable("reservation", {
  orderId: uuid("order_id").primaryKey(),
  status: text("status").$type<ReservationStatus>().notNull(),
  allocations: json<readonly Allocation[]>("allocations").notNull(),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});

export const stock = pgTable(
  "stock",
  {
    sku: text("sku").notNull(),
    warehouse: text("warehouse").notNull(),
    onHand: integer("on_hand").notNull(),
    reserved: integer("reserved").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.warehouse] }),
    check("stock_never_oversold", sql`${table.reserved} >= 0 and ${table.reserved} <= ${table.onHand}`),
  ],
);

/** The ledger: summed over its rows it gives the stock. */
export const movements = pgTable(
  "movement",
  {
    id: uuid("id").primaryKey(),
    sku: text("sku").notNull(),
    warehouse: text("warehouse").notNull(),
    type: text("type").notNull(),
    onHandDelta: integer("on_hand_delta").notNull(),
    reservedDelta: integer("reserved_delta").notNull(),
    at: instant("at").notNull(),
    orderId: uuid("order_id"),
    reason: text("reason"),
  },
  (table) => [index("movement_by_sku").on(table.sku, table.id)],
);

export interface Reservation {
  readonly orderId: string;
  readonly status: ReservationStatus;
  readonly allocations: readonly Allocation[];
}

export const reservationStore = aggregateStore<Reservation>(reservations, {
  key: "orderId",
  mutable: ["status"],
});

export const movementStore = entryStore(movements);

const stockRows = (row: Row) => ({
  warehouse: String(row.warehouse),
  onHand: Number(row.on_hand),
  reserved: Number(row.reserved),
});

function bySku(rows: readonly Row[]): Map<string, SkuStock> {
  const stocks = new Map<string, SkuStock>();
  for (const row of rows) {
    const sku = String(row.sku);
    stocks.set(sku, { sku, warehouses: [...(stocks.get(sku)?.warehouses ?? []), stockRows(row)] });
  }
  return stocks;
}

/** Stock rows, locked in (sku, warehouse) order. */
export const stockStore: SharedStore<SkuStock> = {
  lock: (skus) => ({
    text: `select sku, warehouse, on_hand, reserved from stock where sku = any($1::text[])
      order by sku, warehouse for update`,
    params: [arrayLiteral(skus)],
  }),
  decode: bySku,
  encode: ({ sku, warehouses }) =>
    warehouses.map(({ warehouse, onHand, reserved }) => ({ sku, warehouse, on_hand: onHand, reserved })),
  update: {
    label: "update stock",
    sql: `update stock t set on_hand = x.on_hand, reserved = x.reserved from json_to_recordset($::text::json)
        as x(sku text, warehouse text, on_hand integer, reserved integer)
      where t.sku = x.sku and t.warehouse = x.warehouse returning 1`,
  },
};

/** The stock of one SKU as committed; unknown SKUs give no rows. */
export const readStock = (sku: string): Statement => ({
  text: "select sku, warehouse, on_hand, reserved from stock where sku = $1 order by warehouse",
  params: [sku],
});

export const stockOf = (rows: readonly Row[]): SkuStock | undefined => [...bySku(rows).values()][0];

/** First stock of SKUs that are not known yet, with the movement that explains it. */
export const initialStock = (
  rows: readonly { readonly sku: string; readonly quantity: number; readonly movementId: string }[],
  warehouse: string,
  nowMs: number,
): Statement => ({
  text: `with given as (select sku, quantity, movement_id from json_to_recordset($1::text::json)
      as x(sku text, quantity integer, movement_id uuid)),
    put as (insert into stock (sku, warehouse, on_hand, reserved) select sku, $2, quantity, 0 from given
      on conflict do nothing returning sku)
    insert into movement (id, sku, warehouse, type, on_hand_delta, reserved_delta, at, order_id, reason)
      select g.movement_id, g.sku, $2, 'INITIAL', g.quantity, 0, $3::text::timestamptz, null, 'initial stock'
      from given g join put p on p.sku = g.sku`,
  params: [
    JSON.stringify(rows.map(({ sku, quantity, movementId }) => ({ sku, quantity, movement_id: movementId }))),
    warehouse,
    new Date(nowMs).toISOString(),
  ],
});
