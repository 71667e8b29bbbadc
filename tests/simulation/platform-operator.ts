/**
 * What an operator's session locks in the platform's databases: rows and tables of one module, one after the other, in
 * an order of his own, so that he can wait for the product while it waits for him.
 */
import type { Random } from "../../runtime/random.ts";
import { between, chance, oneOf } from "./seed.ts";
import type { OperatorLocks } from "./workload.ts";

/** The superuser's way to the databases. */
export const OPERATOR = "operator";

/** Rows that the product updates, and the order in which the operator walks them: another one than the product's. */
const ROWS = [
  // Three times: while the saga stands still everything else comes to wait for it.
  { schema: "order", table: "orders", order: "id desc" },
  { schema: "order", table: "orders", order: "version desc, id" },
  { schema: "order", table: "orders", order: "version, id desc" },
  { schema: "payment", table: "payment", order: "order_id desc" },
  { schema: "inventory", table: "stock", order: "sku desc, warehouse desc" },
  { schema: "inventory", table: "reservation", order: "order_id desc" },
  { schema: "notification", table: "order_notices", order: "order_id desc" },
] as const;

const TABLES = ["outbox", "timer", "shard", "replica"] as const;

/** What CREATE INDEX, a trigger's creation, a careful migration and ALTER TABLE take. The last stops readers too. */
const MODES = ["share", "share row exclusive", "exclusive", "access exclusive"] as const;

/** Draws the locks of one session: mostly rows first, then a table, which the product takes the other way round. */
export function operatorLocks(random: Random): OperatorLocks {
  const { schema, table, order } = oneOf(random, ROWS);
  const row = (rank: number) => `select from "${schema}".${table} order by ${order} limit 1 offset ${rank} for update`;
  const lock = (name: string) => `lock table "${schema}".${name} in ${oneOf(random, MODES)} mode`;
  const rows = Array.from({ length: between(random, 1, 3) }, (_, rank) => row(rank));
  const tables = Array.from({ length: between(random, 0, 2) }, () => lock(oneOf(random, [...TABLES, table, table])));
  return { module: OPERATOR, statements: chance(random, 0.75) ? [...rows, ...tables] : [...tables, ...rows] };
}
