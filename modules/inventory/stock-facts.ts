/** Stock figures beside the movements and reservations that explain them, for reconcile. */
import type { z } from "zod";
import type { Database, Row } from "../../runtime/database/port.ts";
import type { stockFacts } from "./contract.ts";

type Request = z.infer<typeof stockFacts.request>;
type Response = z.infer<typeof stockFacts.response>;

/**
 * One statement, so that all of it agrees however fast orders come. Of all reservations it reads those that have moved
 * something of the page: one that has moved nothing is found by its order, whose reservation it contradicts. "lateral"
 * looks both up by their indexes: a plan that joins them reads all there are.
 */
const PAGE = `
  with skus as (
    select sku from (
      (select distinct sku from stock where sku > $1 order by sku limit $2::integer)
      union (select distinct sku from movement where sku > $1 order by sku limit $2::integer)) known
    order by sku limit $2::integer),
  moves as (
    select own.* from skus cross join lateral (
      select sku, warehouse, type, on_hand_delta, reserved_delta, order_id from movement
      where movement.sku = skus.sku offset 0) own),
  moved as (
    select sku, warehouse, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved,
      sum(on_hand_delta) filter (where type in ('INITIAL', 'ADJUST')) as brought
    from moves group by sku, warehouse),
  movers as (select distinct order_id from moves where order_id is not null),
  held as (
    select a.sku, a.warehouse, sum(a.quantity) filter (where r.status <> 'SHIPPED') as units,
      sum(a.quantity) filter (where r.status = 'SHIPPED') as shipped
    from movers
      cross join lateral (select status, allocations from reservation where order_id = movers.order_id offset 0) r
      cross join json_to_recordset(r.allocations) as a(sku text, warehouse text, quantity integer)
    where r.status in ('HELD', 'FIRM', 'SHIPPED') and a.sku in (select sku from skus) group by a.sku, a.warehouse),
  figures as (
    select sku, warehouse, on_hand, reserved, backorder from stock where sku in (select sku from skus))
  select sku, warehouse, f.on_hand, f.reserved, f.backorder, coalesce(m.on_hand, 0)::bigint as moved_on_hand,
    coalesce(m.reserved, 0)::bigint as moved_reserved, coalesce(h.units, 0)::bigint as held,
    coalesce(h.shipped, 0)::bigint as shipped, coalesce(m.brought, 0)::bigint as brought
  from figures f full join moved m using (sku, warehouse) full join held h using (sku, warehouse)
  order by sku, warehouse`;

/** A page of whole SKUs after `afterSku`. */
export async function readStockFacts(database: Database, { afterSku, skus }: Request): Promise<Response> {
  const rows = await database.query({ text: PAGE, params: [afterSku ?? "", skus] });
  const items = rows.map(positionOf);
  const last = items.at(-1)?.sku ?? null;
  const complete = new Set(items.map(({ sku }) => sku)).size < skus;
  return { items, lastSku: complete ? null : last };
}

const positionOf = (row: Row) => ({
  sku: String(row.sku),
  warehouse: String(row.warehouse),
  figures:
    row.on_hand === null
      ? null
      : { onHand: Number(row.on_hand), reserved: Number(row.reserved), backorder: row.backorder === true },
  moved: { onHand: Number(row.moved_on_hand), reserved: Number(row.moved_reserved) },
  held: Number(row.held),
  shipped: Number(row.shipped),
  brought: Number(row.brought),
});
