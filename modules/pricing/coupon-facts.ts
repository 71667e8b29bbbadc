/** Counts of coupon uses beside the holds that explain them, for reconcile. */
import type { z } from "zod";
import type { Database } from "../../runtime/database/port.ts";
import type { couponUseFacts } from "./contract.ts";

/** More of a page than anybody reads. */
const MOST_WRONG = 1000;

/** One statement, so that counts and holds agree however fast orders come. Customers are counted where they have a limit. */
const PAGE = `
  with codes as (
    select code from (
      (select code from coupon where code > $1 order by code limit $2::integer)
      union (select distinct code from coupon_uses where code > $1 order by code limit $2::integer)) known
    order by code limit $2::integer),
  holds as (
    select h.code, h.customer_id, count(*) as taken from coupon_hold h
    where h.status <> 'RELEASED' and h.code in (select code from codes) group by h.code, h.customer_id),
  taken as (
    select code, '' as customer_id, sum(taken) as taken from holds group by code
    union all
    select h.code, h.customer_id, h.taken from holds h join coupon p on p.code = h.code
    where p.per_customer_limit is not null),
  counted as (select code, customer_id, uses from coupon_uses where code in (select code from codes)),
  compared as (
    select code, customer_id, c.uses, coalesce(t.taken, 0)::integer as taken,
      case customer_id when '' then p.total_limit else p.per_customer_limit end as most
    from counted c full join taken t using (code, customer_id) left join coupon p using (code)),
  wrong as (
    select * from compared where uses is distinct from taken or taken > most
    order by code, customer_id limit ${MOST_WRONG})
  select (select max(code) from codes) as last_code, (select count(*) from codes) as codes,
    w.code, w.customer_id, w.uses, w.taken, w.most
  from (values (1)) one left join wrong w on true order by w.code, w.customer_id`;

/** What is wrong with the coupons of a page after `afterCode`. */
export async function readCouponUseFacts(
  database: Database,
  { afterCode, codes }: z.infer<typeof couponUseFacts.request>,
): Promise<z.infer<typeof couponUseFacts.response>> {
  const rows = await database.query({ text: PAGE, params: [afterCode ?? "", codes] });
  const [page] = rows;
  const isComplete = Number(page?.["codes"] ?? 0) < codes;
  return {
    wrong: rows.flatMap(({ code, customer_id, uses, taken, most }) =>
      code === null
        ? []
        : [
            {
              code: String(code),
              customerId: customer_id === "" ? null : String(customer_id),
              counted: uses === null ? null : Number(uses),
              taken: Number(taken),
              limit: most === null ? null : Number(most),
            },
          ],
    ),
    lastCode: isComplete ? null : String(page?.["last_code"]),
  };
}
