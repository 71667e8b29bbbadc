import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { json } from "../../runtime/database/columns.ts";
import type { Database } from "../../runtime/database/port.ts";
import { columnNames, recordset } from "../../runtime/database/recordset.ts";
import { aggregateStore, type Positions } from "../../runtime/messages/aggregate.ts";
import type { Notice, OrderNotices } from "./notice.ts";
import type { Preferences } from "./preferences.ts";

/** What was told about an order. The key is the order's id. */
export const orderNotices = pgTable("order_notices", {
  orderId: uuid("order_id").primaryKey(),
  customerId: text("customer_id").notNull(),
  email: text("email"),
  notices: json<readonly Notice[]>("notices").notNull(),
  version: integer("version").notNull(),
  positions: json<Positions>("positions").notNull(),
});

/** How a customer wants to be told. Statements: preference-store.ts. */
export const preferences = pgTable("preference", {
  customerId: text("customer_id").primaryKey(),
  preferences: json<Preferences>("preferences").notNull(),
  version: integer("version").notNull(),
});

export const orderNoticesStore = aggregateStore<OrderNotices>(orderNotices, {
  key: "orderId",
  mutable: ["email", "notices"],
});

const set = recordset(orderNotices);
const BY_ORDER = `select ${columnNames(set)} from ${set.table} where order_id = $1::uuid`;

/** The notices of an order, as they stand committed. */
export async function findByOrder(database: Database, orderId: string): Promise<OrderNotices | undefined> {
  const [row] = await database.query({ text: BY_ORDER, params: [orderId] });
  return row && orderNoticesStore.decode(row).state;
}
