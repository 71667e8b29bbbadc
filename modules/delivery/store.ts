import { sql } from "drizzle-orm";
import { check, integer, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import type { Address } from "../../runtime/address.ts";
import { instant, json } from "../../runtime/database/columns.ts";
import type { Database, Parameter } from "../../runtime/database/port.ts";
import { columnNames, recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions } from "../../runtime/messages/aggregate.ts";
import type { Shipment, ShipmentLine, StepAfterHandOver, TrackedStatus } from "./shipment.ts";
import { type ShipmentStatus, shipmentStatuses } from "./status.ts";

const statusList = sql.raw(shipmentStatuses.map((status) => `'${status}'`).join(", "));

/** One shipment an order. The key is the order's id. */
export const shipments = pgTable(
  "shipment",
  {
    orderId: uuid("order_id").primaryKey(),
    id: uuid("id").notNull(),
    customerId: text("customer_id").notNull(),
    status: text("status").$type<ShipmentStatus>().notNull(),
    address: json<Address>("address").notNull(),
    lines: json<readonly ShipmentLine[]>("lines").notNull(),
    dispatchAskedAt: instant("dispatch_asked_at"),
    stepsAfterHandOver: json<readonly StepAfterHandOver[]>("steps_after_hand_over").notNull().default([]),
    history: json<readonly TrackedStatus[]>("history").notNull().default([]),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
    version: integer("version").notNull(),
    positions: json<Positions>("positions").notNull(),
  },
  (table) => [
    uniqueIndex("shipment_by_id").on(table.id),
    check("shipment_status", sql`${table.status} in (${statusList})`),
  ],
);

export const shipmentStore = aggregateStore<Shipment>(shipments, {
  key: "orderId",
  mutable: ["status", "address", "dispatchAskedAt", "stepsAfterHandOver", "history", "updatedAt"],
});

const set = recordset(shipments);
const SELECT = `select ${columnNames(set)} from ${set.table}`;

async function findOne(database: Database, condition: string, param: Parameter): Promise<Shipment | undefined> {
  const [row] = await database.query({ text: `${SELECT} where ${condition}`, params: [param] });
  return row && shipmentStore.decode(row).state;
}

/** The shipment of an order, as it stands committed. */
export const findByOrder = (database: Database, orderId: string) => findOne(database, "order_id = $1::uuid", orderId);

export const findById = (database: Database, id: string) => findOne(database, "id = $1::uuid", id);
