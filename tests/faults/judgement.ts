/**
 * What must hold after kills: quickly after each round, and wholly when everything has settled. The invariants are the
 * simulation's (platform-invariants.ts), looked for in the tables of all modules and in the provider's own ledger.
 */
import type { Sql } from "postgres";
import { openWork, waitUntilDrained } from "../load/drain.ts";
import { type Contents, readContents } from "../simulation/platform-contents.ts";
import { statusCounts, violationsIn, openWork as workIn } from "../simulation/platform-invariants.ts";
import type { Placed } from "../simulation/platform-shoppers.ts";

/** After a restart everything that was begun settles within this. */
export const SETTLED_MS = 20_000;

/** What can be seen to be wrong while orders are still under way. */
export async function quickViolations(sql: Sql, acknowledged: readonly string[]): Promise<string[]> {
  const [lost, charges, stock, work] = await Promise.all([
    sql<{ id: string }[]>`
      select id::text from unnest(${[...acknowledged]}::uuid[]) as a(id)
      where not exists (select from "order".orders o where o.id = a.id) order by id`,
    sql<{ order_id: string; charges: number }[]>`
      select split_part(key, ':', 1) as order_id, count(*)::int as charges from payment_simulator.charge
      where status = 'authorised' group by 1 having count(*) > 1 order by 1`,
    sql<{ name: string }[]>`
      select format('%s in %s: %s on hand, %s reserved, but the movements say %s and %s',
        s.sku, s.warehouse, s.on_hand, s.reserved, coalesce(m.on_hand, 0), coalesce(m.reserved, 0)) as name
      from inventory.stock s left join (
        select sku, warehouse, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
        from inventory.movement group by sku, warehouse) m using (sku, warehouse)
      where (s.on_hand, s.reserved) is distinct from (coalesce(m.on_hand, 0), coalesce(m.reserved, 0))
        or s.reserved < 0 or s.reserved > s.on_hand
      order by s.sku, s.warehouse`,
    openWork(sql),
  ]);
  return [
    ...lost.map(({ id }) => `order ${id} was acknowledged and does not exist`),
    ...charges.map(({ order_id, charges: count }) => `order ${order_id} was charged ${count} times`),
    ...stock.map(({ name }) => name),
    ...(work.deadLetters > 0 ? [`${work.deadLetters} dead letters`] : []),
  ];
}

export interface Judgement {
  readonly orders: number;
  /** How many orders ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** Waits until nothing is under way, at most `settleMs`, then looks at everything. */
export async function judgeSettled(sql: Sql, placed: readonly Placed[], settleMs = SETTLED_MS): Promise<Judgement> {
  const deadline = performance.now() + settleMs;
  let contents: Contents;
  do {
    // What is left at the deadline is found again in the contents, with its name.
    await waitUntilDrained(sql, Math.max(0, deadline - performance.now())).catch(() => undefined);
    contents = await readContents(async (text) => Array.from(await sql.unsafe(text)));
  } while (workIn(contents) !== null && performance.now() < deadline);
  return {
    orders: contents.orders.length,
    outcomes: statusCounts(contents),
    violations: violationsIn(contents, placed),
  };
}
