/** The statements of coupons: their terms, the counts of their uses, and the holds. Tables: store.ts. */
import { arrayLiteral } from "../../runtime/database/array-literal.ts";
import type { Database, Row } from "../../runtime/database/port.ts";
import { aggregateStore, type SharedStore } from "../../runtime/messages/aggregate.ts";
import { money } from "../../runtime/money.ts";
import { type Coupon, couponKinds } from "./coupon.ts";
import { type CouponHold, countKey, type UseCount } from "./coupon-hold.ts";
import { insertRequest, requestParameters, type WriteRequest } from "./keyed-write.ts";
import { couponHold } from "./store.ts";

export const holdStore = aggregateStore<CouponHold>(couponHold, {
  key: "orderId",
  mutable: ["code", "customerId", "status", "releasedBy", "renewal", "failures"],
});

/** Stands for all customers in a column that may not be null. */
const ALL = "";

const TERMS = `p.kind, p.value, p.currency, p.valid_from, p.valid_until, p.minimum_amount, p.minimum_currency,
  p.total_limit, p.per_customer_limit`;

const numberOf = (value: unknown) => (value === null ? null : Number(value));

function couponOf(row: Row): Coupon {
  const kind = couponKinds.find((each) => each === row["kind"]);
  if (kind === undefined) throw new Error(`the coupon ${row["code"]} is of no known kind: ${row["kind"]}`);
  return {
    code: String(row["code"]),
    kind,
    value: numberOf(row["value"]),
    currency: row["currency"] === null ? null : String(row["currency"]),
    validFrom: numberOf(row["valid_from"]),
    validUntil: numberOf(row["valid_until"]),
    minimumSpend:
      row["minimum_amount"] === null ? null : money(Number(row["minimum_amount"]), String(row["minimum_currency"])),
    totalLimit: numberOf(row["total_limit"]),
    perCustomerLimit: numberOf(row["per_customer_limit"]),
  };
}

/**
 * Locks what counts all uses of each coupon, by code; then, behind these locks, the customers' own counts. A customer
 * who is counted for the first time has no row to lock: two replicas that both begin one meet at its version, and the
 * later one decides again.
 */
const LOCK_COUNTS = `with total as (
    select code, uses, version from coupon_uses where code = any($1::text[]) and customer_id = '' order by code for update
  ), own as (
    select u.code, u.customer_id, u.uses, u.version
    from unnest($2::text[], $3::text[]) as x(code, customer_id)
    join total t on t.code = x.code
    join coupon_uses u on u.code = x.code and u.customer_id = x.customer_id
    order by u.code, u.customer_id for update of u
  ), counted as (
    select code, '' as customer_id, uses, version from total
    union all
    select x.code, x.customer_id, coalesce(o.uses, 0), coalesce(o.version, 0)
    from unnest($2::text[], $3::text[]) as x(code, customer_id)
    join total t on t.code = x.code
    left join own o on o.code = x.code and o.customer_id = x.customer_id
  )
  select c.code, c.customer_id, c.uses, c.version, ${TERMS}
  from counted c join coupon p on p.code = c.code order by c.code, c.customer_id`;

export const useCountStore: SharedStore<UseCount> = {
  lock(keys) {
    const asked = keys.map((key) => {
      const [code = "", customerId = ALL] = key.split(" ", 2);
      return { code, customerId };
    });
    const customers = asked.filter(({ customerId }) => customerId !== ALL);
    return {
      text: LOCK_COUNTS,
      params: [
        arrayLiteral(asked.filter(({ customerId }) => customerId === ALL).map(({ code }) => code)),
        arrayLiteral(customers.map(({ code }) => code)),
        arrayLiteral(customers.map(({ customerId }) => customerId)),
      ],
    };
  },
  decode: (rows) =>
    new Map(
      rows.map((row) => {
        const customerId = row["customer_id"] === ALL ? null : String(row["customer_id"]);
        const coupon = couponOf(row);
        const count = { coupon, customerId, uses: Number(row["uses"]), version: Number(row["version"]) };
        return [countKey(coupon.code, customerId), count];
      }),
    ),
  encode: ({ coupon, customerId, uses, version }) => [
    { code: coupon.code, customer_id: customerId ?? ALL, uses, version: version + 1 },
  ],
  update: {
    label: "coupon uses",
    sql: `insert into coupon_uses as u (code, customer_id, uses, version)
      select code, customer_id, uses, version from json_to_recordset($::text::json)
        as x(code text, customer_id text, uses integer, version integer)
      on conflict (code, customer_id) do update set uses = excluded.uses, version = excluded.version
        where u.version = excluded.version - 1
      returning 1`,
  },
};

const termsRow = ({ code, kind, value, currency, validFrom, validUntil, minimumSpend, ...limits }: Coupon) => ({
  code,
  kind,
  value,
  currency,
  valid_from: validFrom === null ? null : new Date(validFrom).toISOString(),
  valid_until: validUntil === null ? null : new Date(validUntil).toISOString(),
  minimum_amount: minimumSpend?.amount ?? null,
  minimum_currency: minimumSpend?.currency ?? null,
  total_limit: limits.totalLimit,
  per_customer_limit: limits.perCustomerLimit,
});

/** What is in $1 and whose code is new becomes coupons without a use. */
const ADD = `with added as (
    insert into coupon (code, kind, value, currency, valid_from, valid_until, minimum_amount, minimum_currency,
      total_limit, per_customer_limit)
    select * from json_to_recordset($1::text::json) as x(code text, kind text, value bigint, currency text,
      valid_from timestamptz, valid_until timestamptz, minimum_amount bigint, minimum_currency text,
      total_limit integer, per_customer_limit integer) order by code
    on conflict do nothing returning code
  ), counted as (
    insert into coupon_uses (code, customer_id, uses, version) select code, '', 0, 1 from added
  )`;

/** Adds the coupons whose code is new; the others stay as they are. */
export async function addNewCoupons(database: Database, coupons: readonly Coupon[]): Promise<void> {
  await database.query({
    text: `${ADD} select code from added`,
    params: [JSON.stringify(coupons.map(termsRow))],
  });
}

/**
 * Adds a coupon, and the key of the request for it in the same commit; false where its code is taken. Rejects with a
 * conflict where the key was used for another coupon.
 */
export async function addCoupon(
  database: Database,
  coupon: Coupon,
  request: WriteRequest,
  now: number,
): Promise<boolean> {
  const rows = await database.query({
    text: `${ADD}, ${insertRequest("select code as reference from added", 201, 2)} select code from added`,
    params: [JSON.stringify([termsRow(coupon)]), ...requestParameters(request, coupon.code, now)],
  });
  return rows.length > 0;
}

/** A coupon with the number of its uses, held ones among them. */
export type CountedCoupon = Coupon & { readonly uses: number };

/** At most `limit` coupons after `afterCode`, in the order of their codes. */
export async function listCoupons(
  database: Database,
  afterCode: string | null,
  limit: number,
): Promise<CountedCoupon[]> {
  // No code is empty, so the empty text stands before the first one.
  const rows = await database.query({
    text: `select p.code, ${TERMS}, u.uses from coupon p join coupon_uses u on u.code = p.code and u.customer_id = ''
      where p.code > $1 order by p.code limit $2::integer`,
    params: [afterCode ?? "", limit],
  });
  return rows.map((row) => ({ ...couponOf(row), uses: Number(row["uses"]) }));
}

export async function findCoupon(database: Database, code: string): Promise<CountedCoupon | undefined> {
  const [row] = await database.query({
    text: `select p.code, ${TERMS}, u.uses from coupon p join coupon_uses u on u.code = p.code and u.customer_id = ''
      where p.code = $1`,
    params: [code],
  });
  return row && { ...couponOf(row), uses: Number(row["uses"]) };
}

/** A coupon, with its uses by all and by one customer. */
export async function findCouponFor(
  database: Database,
  code: string,
  customerId: string,
): Promise<{ readonly coupon: Coupon; readonly ofAll: number; readonly ofCustomer: number } | undefined> {
  const [row] = await database.query({
    text: `select p.code, ${TERMS}, u.uses, coalesce(own.uses, 0) as own
      from coupon p join coupon_uses u on u.code = p.code and u.customer_id = ''
      left join coupon_uses own on own.code = p.code and own.customer_id = $2
      where p.code = $1`,
    params: [code, customerId],
  });
  return row && { coupon: couponOf(row), ofAll: Number(row["uses"]), ofCustomer: Number(row["own"]) };
}
