/**
 * What others learn of orders: reconcile, how each stands and whether its history and its key agree with it; pricing,
 * whether one is there; operators, which ones are stuck.
 */
import type { z } from "zod";
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import type { Database } from "../../runtime/database/port.ts";
import type { lostOrders, orderFacts, orderKnown, stuckOrders } from "./contract.ts";
import { isRefused, type Order, type Stage } from "./order.ts";
import { deadlineOf } from "./timers.ts";

type Facts = NonNullable<z.infer<typeof orderFacts.response>["items"][number]["aggregate"]>;

/** What must hold of an order in each stage. A cancel or a return under way may still end in either of two. */
const outcomes: Readonly<Record<Stage, Facts["outcome"]>> = {
  PENDING: "open",
  RESERVED: "open",
  CONFIRMED: "sold",
  FULFILLING: "sold",
  CAPTURING: "sold",
  HANDING_OVER: "open",
  SHIPPED: "shipped",
  DELIVERED: "shipped",
  COMPLETED: "shipped",
  COMING_BACK: "shipped",
  GIVING_BACK: "open",
  RETURNED: "returned",
  CANCEL_PENDING: "open",
  CANCELLED: "undone",
  REJECTED: "undone",
  EXPIRED: "undone",
};

/** Where an order stays until somebody outside moves it, or for ever. */
const RESTING: readonly Stage[] = ["FULFILLING", "SHIPPED", "COMPLETED", "COMING_BACK", "RETURNED", "CANCELLED"];

const rests = ({ stage, attention, undoing }: Order) =>
  attention !== null || RESTING.includes(stage) || (isRefused(stage) && undoing.length === 0);

/** One page of orders with what their histories say. */
export async function factsOf(database: Database, orders: readonly Order[]): Promise<Facts[]> {
  const rows = await database.query({
    text: `select order_id, count(*) as entries, max(sequence) as last_sequence,
        (array_agg(data->>'status' order by sequence desc))[1] as last_status
      from history where order_id = any($1::uuid[]) group by order_id order by order_id`,
    params: [arrayLiteral(orders.map(({ id }) => id))],
  });
  const histories = new Map(rows.map((row) => [String(row.order_id), row]));
  return orders.map((order) => {
    const history = histories.get(order.id);
    const { status, settledByHand, couponCode, currency, subtotal, discount, shipping, tax, total } = order;
    return {
      status,
      outcome: order.attention === null ? outcomes[order.stage] : "open",
      rests: rests(order),
      waits: order.attention === null ? (deadlineOf(order)?.timer ?? null) : null,
      placedMs: order.createdAt,
      settledByHand,
      couponCode,
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

/** Looks at a page of kept keys, in the order of their scopes, for orders that are not there. */
export async function readLostOrders(
  database: Database,
  { afterScope, limit }: z.infer<typeof lostOrders.request>,
): Promise<z.infer<typeof lostOrders.response>> {
  const rows = await database.query({
    // Only what placed an order (201) has an order's id for its reference; CASE keeps the cast from the others.
    text: `with page as (
        select scope, case when status = 201 then reference::uuid end as order_id from idempotency
        where scope > $1::uuid order by scope limit $2::integer)
      select p.scope, p.order_id, p.order_id is not null and o.id is null as lost
      from page p left join orders o on o.id = p.order_id order by p.scope`,
    params: [afterScope ?? FIRST, limit],
  });
  const last = rows.at(-1);
  return {
    orderIds: rows.flatMap((row) => (row.lost === true ? [String(row.order_id)] : [])),
    lastScope: last && rows.length === limit ? String(last.scope) : null,
  };
}

/** As it stands committed. */
export async function readOrderKnown(
  database: Database,
  { orderId }: z.infer<typeof orderKnown.request>,
): Promise<z.infer<typeof orderKnown.response>> {
  const rows = await database.query({ text: "select 1 from orders where id = $1::uuid", params: [orderId] });
  return { known: rows.length > 0 };
}

/** Ids are made in the order of time. */
export async function readStuckOrders(
  database: Database,
  { after, limit }: z.infer<typeof stuckOrders.request>,
): Promise<z.infer<typeof stuckOrders.response>> {
  const rows = await database.query({
    text: `select id, customer_id, status, attention, (extract(epoch from updated_at) * 1000)::bigint as updated_ms
      from orders where attention is not null and id > $1::uuid order by id limit $2::integer`,
    params: [after ?? FIRST, limit],
  });
  return {
    items: rows.map((row) => ({
      orderId: String(row.id),
      customerId: String(row.customer_id),
      status: String(row.status),
      reason: String(row.attention),
      updatedAt: Number(row.updated_ms),
    })),
  };
}

/** No scope and no id is all zeros: both have a version and a variant. */
const FIRST = "00000000-0000-0000-0000-000000000000";
