/** What reconcile learns of orders: how each stands, and whether its history and its key agree with it. */
import type { z } from "zod";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import type { Database } from "../../runtime/database/port.ts";
import type { orderFacts } from "./contract.ts";
import { isDecided, isRefused, type Order, type OrderStatus } from "./order.ts";

type Facts = NonNullable<z.infer<typeof orderFacts.response>["items"][number]["aggregate"]>;

/** Where an order stays until somebody outside moves it, or for ever. */
const RESTING: readonly OrderStatus[] = ["FULFILLING", "REJECTED", "EXPIRED"];

/** One page of orders with what their histories say. */
export async function factsOf(database: Database, orders: readonly Order[]): Promise<Facts[]> {
  const rows = await database.query({
    text: `select order_id, count(*) as entries, max(sequence) as last_sequence,
        (array_agg(data->>'status' order by sequence desc))[1] as last_status
      from history where order_id = any($1::uuid[]) group by order_id`,
    params: [arrayLiteral(orders.map(({ id }) => id))],
  });
  const histories = new Map(rows.map((row) => [String(row.order_id), row]));
  return orders.map((order) => {
    const history = histories.get(order.id);
    const { status, currency, subtotal, discount, shipping, tax, total } = order;
    return {
      status,
      outcome: isRefused(status) ? "refused" : isDecided(status) ? "sold" : "open",
      rests: RESTING.includes(status),
      currency,
      lines: order.items.map((item) => ({
        sku: item.sku,
        quantity: item.quantity,
        subtotal: item.subtotal,
        discount: item.discount,
        tax: item.tax,
        total: item.total,
      })),
      subtotal,
      discount,
      shipping,
      tax,
      total,
      history: {
        length: order.historyLength,
        entries: Number(history?.entries ?? 0),
        lastSequence: Number(history?.last_sequence ?? 0),
        lastStatus: history === undefined ? null : String(history.last_status),
      },
    };
  });
}

/** At most `limit` orders that a kept key leads to and that are not there. */
export async function readLostOrders(database: Database, limit: number): Promise<{ orderIds: string[] }> {
  const rows = await database.query({
    text: `select i.reference from idempotency i
      where i.status = 201 and not exists (select from orders o where o.id::text = i.reference)
      order by i.reference limit $1::integer`,
    params: [limit],
  });
  return { orderIds: rows.map((row) => String(row.reference)) };
}
