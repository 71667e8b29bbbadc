import { arrayLiteral } from "../database/array-literal.ts";
import type { Database } from "../database/port.ts";

/** What there is in the tables for the holder of some shards; most polls find nothing, and cost one statement. */
export interface Pending {
  readonly outbox: boolean;
  readonly calls: boolean;
  readonly timers: boolean;
}

const NOTHING_PENDING: Pending = { outbox: false, calls: false, timers: false };

/** Timers count when they are due by `horizonMs` (a moment, ms since the epoch). */
export async function probe(database: Database, shards: readonly number[], horizonMs: number): Promise<Pending> {
  if (shards.length === 0) return NOTHING_PENDING;
  const [row] = await database.query({
    text: `select exists (select from outbox where shard = any($1::smallint[])) as outbox,
      exists (select from call_intent where shard = any($1::smallint[])) as calls,
      exists (select from timer where due_at <= $2::text::timestamptz and shard = any($1::smallint[])) as timers`,
    params: [arrayLiteral(shards), new Date(horizonMs).toISOString()],
  });
  return { outbox: row?.outbox === true, calls: row?.calls === true, timers: row?.timers === true };
}
