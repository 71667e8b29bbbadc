/** When orders were confirmed, and the longest time in which none was. */
import { withSql } from "../faults/with-sql.ts";

/** Of all orders, ascending, by the wall clock. */
export async function confirmationsOf(databaseUrl: string): Promise<readonly number[]> {
  const rows = await withSql(
    databaseUrl,
    (sql) => sql<{ at: Date }[]>`select at from "order".history where type = 'OrderConfirmed' order by at`,
  );
  return rows.map(({ at }) => new Date(at).getTime());
}

/** The longest stretch between `fromMs` and `toMs` without one; `times` ascend. */
export function longestGapMs(times: readonly number[], fromMs: number, toMs: number): number {
  const within = times.filter((at) => at > fromMs && at < toMs);
  const edges = [fromMs, ...within, toMs];
  return Math.max(...edges.slice(1).map((at, index) => at - (edges[index] ?? at)));
}
