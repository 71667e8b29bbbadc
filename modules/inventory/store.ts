import { sql } from "drizzle-orm";
import { boolean, check, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import { instant, json } from "../../runtime/database/columns.ts";
import type { Row, Statement } from "../../runtime/database/port.ts";
import { columnNames, recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions, type SharedStore } from "../../runtime/messages/aggregate.ts";
import { topicOf } from "../../runtime/messages/contract.ts";
import { entryStore } from "../../runtime/messages/entry-store.ts";
import { lowStockEvents } from "./contract.ts";
import type { Movement, MovementType } from "./movement.ts";
import type { Allocation, Reservation, ReservationStatus } from "./reservation.ts";
import { DEFAULT_LOW_STOCK_THRESHOLD, DEFAULT_POLICY, type SkuStock, type StockPolicy } from "./stock.ts";

/** What an order holds of the stock. The key is the order's id. */
export const reservations = pgTable("reservation", {
  orderId: uuid("order_id").primaryKey(),
  status: text("status").$type<ReservationStatus>().notNull(),
  allocations: json<readonly Allocation[]>("allocations").notNull(),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});

/**
 * What a SKU is like in all its warehouses stands on each of its rows: who changes a figure locks these anyway, and the
 * check can see it. The row of the highest revision is right: one that is being opened may have copied an older one.
 */
export const stock = pgTable(
  "stock",
  {
    sku: text("sku").notNull(),
    warehouse: text("warehouse").notNull(),
    onHand: integer("on_hand").notNull(),
    reserved: integer("reserved").notNull(),
    backorder: boolean("backorder").notNull().default(false),
    lowStockThreshold: integer("low_stock_threshold").notNull().default(DEFAULT_LOW_STOCK_THRESHOLD),
    lowStockEvents: integer("low_stock_events").notNull().default(0),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    primaryKey({ columns: [table.sku, table.warehouse] }),
    check(
      "stock_never_oversold",
      sql`${table.reserved} >= 0 and (${table.backorder} or ${table.reserved} <= ${table.onHand})`,
    ),
  ],
);

/** The ledger: summed over its rows it gives the stock. */
export const movements = pgTable(
  "movement",
  {
    id: uuid("id").primaryKey(),
    sku: text("sku").notNull(),
    warehouse: text("warehouse").notNull(),
    type: text("type").$type<MovementType>().notNull(),
    onHandDelta: integer("on_hand_delta").notNull(),
    reservedDelta: integer("reserved_delta").notNull(),
    at: instant("at").notNull(),
    orderId: uuid("order_id"),
    reason: text("reason"),
  },
  (table) => [index("movement_by_sku").on(table.sku, table.id)],
);

export const reservationStore = aggregateStore<Reservation>(reservations, {
  key: "orderId",
  mutable: ["status"],
});

export const movementStore = entryStore(movements);

const COLUMNS = "sku, warehouse, on_hand, reserved, backorder, low_stock_threshold, low_stock_events, revision";

function bySku(rows: readonly Row[]): Map<string, SkuStock> {
  return new Map(
    [...Map.groupBy(rows, ({ sku }) => String(sku))].map(([sku, own]) => {
      const latest = own.reduce((a, b) => (Number(b.revision) > Number(a.revision) ? b : a));
      const found: SkuStock = {
        sku,
        warehouses: own.map((row) => ({
          warehouse: String(row.warehouse),
          onHand: Number(row.on_hand),
          reserved: Number(row.reserved),
        })),
        backorder: latest.backorder === true,
        lowStockThreshold: Number(latest.low_stock_threshold),
        revision: Number(latest.revision),
        lowStockEvents: Math.max(...own.map((row) => Number(row.low_stock_events))),
      };
      return [sku, found];
    }),
  );
}

/** Stock rows, locked in (sku, warehouse) order. */
export const stockStore: SharedStore<SkuStock> = {
  topics: [topicOf(lowStockEvents).name],
  lastTold: ({ lowStockEvents: told }) => told,
  lock: (skus) => ({
    text: `select ${COLUMNS} from stock where sku = any($1::text[])
      order by sku, warehouse for update`,
    params: [arrayLiteral(skus)],
  }),
  decode: bySku,
  encode: ({ sku, warehouses, backorder, lowStockThreshold, lowStockEvents: events, revision }) =>
    warehouses.map(({ warehouse, onHand, reserved }) => ({
      sku,
      warehouse,
      on_hand: onHand,
      reserved,
      backorder,
      low_stock_threshold: lowStockThreshold,
      low_stock_events: events,
      revision,
    })),
  update: {
    label: "update stock",
    sql: `update stock t set on_hand = x.on_hand, reserved = x.reserved, backorder = x.backorder,
        low_stock_threshold = x.low_stock_threshold, low_stock_events = x.low_stock_events, revision = x.revision
      from json_to_recordset($::text::json)
        as x(sku text, warehouse text, on_hand integer, reserved integer, backorder boolean,
          low_stock_threshold integer, low_stock_events integer, revision integer)
      where t.sku = x.sku and t.warehouse = x.warehouse returning 1`,
  },
};

/** The stock of one SKU as committed; unknown SKUs give no rows. */
export const readStock = (sku: string): Statement => ({
  text: `select ${COLUMNS} from stock where sku = $1 order by warehouse`,
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

/**
 * Opens the stock of a SKU that is not known yet, without a unit. It gives a row where it was not known. Two who open
 * different warehouses at the same moment both do: a policy that somebody has said then counts above the default one.
 */
export function openSku(sku: string, warehouse: string, policy: StockPolicy | null): Statement {
  const { backorder, lowStockThreshold } = policy ?? DEFAULT_POLICY;
  return {
    text: `insert into stock (sku, warehouse, on_hand, reserved, backorder, low_stock_threshold, revision)
      select $1, $2, 0, 0, $3::boolean, $4::integer, $5::integer
      where not exists (select 1 from stock where sku = $1) on conflict do nothing returning sku`,
    params: [sku, warehouse, backorder, lowStockThreshold, policy === null ? 1 : 2],
  };
}

/** Opens one more warehouse for a SKU that is known, without a unit; nothing where it has that one. */
export const openWarehouse = (sku: string, warehouse: string): Statement => ({
  text: `insert into stock (sku, warehouse, on_hand, reserved, backorder, low_stock_threshold, low_stock_events, revision)
    select sku, $2, 0, 0, backorder, low_stock_threshold, low_stock_events, revision
    from (select ${COLUMNS} from stock where sku = $1 order by revision desc, warehouse limit 1) latest
    on conflict do nothing returning sku`,
  params: [sku, warehouse],
});

const movementSet = recordset(movements);

// The columns are the ones that `movementStore` writes.
export const movementsOf = (rows: readonly Row[]) => rows.map((row) => movementSet.decode(row) as unknown as Movement);

/** Before every id. */
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** A page of a SKU's movements after the one of that id, the oldest first. */
export const readMovements = (sku: string, afterId: string | null, limit: number): Statement => ({
  text: `select ${columnNames(movementSet)} from movement where sku = $1 and id > $2::uuid order by id limit $3::integer`,
  params: [sku, afterId ?? NO_ID, limit],
});

export const readMovement = (id: string): Statement => ({
  text: `select ${columnNames(movementSet)} from movement where id = $1::uuid`,
  params: [id],
});
