/**
 * How each order, each product's stock and each coupon stands in the books of all modules, read from their tables past the
 * platform: what a restored platform is compared with.
 */
import * as z from "zod";
import type { ModuleDatabase } from "./module-databases.ts";

/** By subject, as `reconcile` names them: how it stands, module by module, as text. */
export type Standing = ReadonlyMap<string, Readonly<Record<string, string>>>;

interface Source {
  readonly module: string;
  /** Gives `subject` and `standing`. */
  readonly query: string;
}

const SOURCES: readonly Source[] = [
  {
    module: "order",
    query: `select 'order ' || id as subject, concat_ws(' ', status, reason, attention, total, currency) as standing from "order".orders`,
  },
  {
    module: "payment",
    query: `select 'order ' || order_id as subject,
      concat_ws(' ', status, amount, authorised, captured, refunded, manually_refunded) as standing from payment.payment`,
  },
  {
    module: "inventory",
    // Of what was given up nobody asks where it had been held.
    query: `select 'order ' || order_id as subject,
      concat_ws(' ', status, case when status in ('HELD', 'FIRM') then allocations::text end) as standing from inventory.reservation`,
  },
  {
    module: "pricing",
    query: `select 'order ' || order_id as subject, concat_ws(' ', status, code) as standing from pricing.coupon_hold`,
  },
  {
    module: "delivery",
    query: `select 'order ' || order_id as subject, concat_ws(' ', status, lines) as standing from delivery.shipment`,
  },
  {
    module: "notification",
    query: `select 'order ' || order_id as subject,
      (select string_agg(concat_ws('/', n->>'kind', n->>'channel'), ' ' order by n->>'kind', n->>'channel')
       from json_array_elements(notices) n) as standing from notification.order_notices`,
  },
  {
    module: "inventory",
    query: `select format('stock %s in %s', sku, warehouse) as subject, concat_ws(' ', on_hand, reserved) as standing from inventory.stock`,
  },
  {
    module: "pricing",
    query: `select concat_ws(' of ', 'coupon ' || code, nullif(customer_id, '')) as subject, uses::text as standing from pricing.coupon_uses`,
  },
];

const row = z.object({ subject: z.string(), standing: z.string().nullable() });

/** Reads it. */
export async function readStanding(databases: readonly ModuleDatabase[]): Promise<Standing> {
  const found = new Map<string, Record<string, string>>();
  for (const { module, query } of SOURCES) {
    const database = databases.find((each) => each.module === module);
    if (database === undefined) throw new Error(`there is no database of ${module}`);
    for (const each of await database.query(query)) {
      const { subject, standing } = row.parse(each);
      found.set(subject, { ...found.get(subject), [module]: standing ?? "" });
    }
  }
  return found;
}

/** One thing that stands otherwise than it did. */
export interface Difference {
  readonly subject: string;
  /** `module: before → after`. */
  readonly changes: readonly string[];
}

/** What stands otherwise in `after` than in `before`. */
export function differences(before: Standing, after: Standing): readonly Difference[] {
  const subjects = [...new Set([...before.keys(), ...after.keys()])].sort();
  return subjects.flatMap((subject) => {
    const was = before.get(subject) ?? {};
    const is = after.get(subject) ?? {};
    const changes = [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((module) => was[module] !== is[module])
      .map((module) => `${module}: ${was[module] ?? "nothing"} → ${is[module] ?? "nothing"}`);
    return changes.length === 0 ? [] : [{ subject, changes }];
  });
}
