/**
 * Keeps what the core remembers bounded: idempotency keys, and marks of keys that have no aggregate row. Horizons are
 * longer than a client repeats a request, and than a transport can redeliver a message; what is younger is never
 * touched. Run by the holder of the first shard; a failed run is made up for by the next.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";

export interface Retention {
  /** At least a day: so long a repeated request gets its first answer. */
  readonly idempotencyKeptForMs: number;
  /** Longer than any transport keeps a message. */
  readonly marksKeptForMs: number;
  readonly everyMs: number;
}

const HOUR = 3_600_000;

export const DEFAULT_RETENTION: Retention = {
  idempotencyKeptForMs: 24 * HOUR,
  marksKeptForMs: 60 * 24 * HOUR,
  everyMs: HOUR,
};

/** Returns a function to call at each upkeep; it does its work once in `everyMs`, first after one such pause. */
export function createRetention(database: Database, clock: Clock, retention: Retention): () => Promise<void> {
  let lastMs = clock.now();
  return async () => {
    const now = clock.now();
    if (now - lastMs < retention.everyMs) return;
    lastMs = now;
    await database.query({
      text: "delete from idempotency where created_at < $1::text::timestamptz",
      params: [new Date(now - retention.idempotencyKeptForMs).toISOString()],
    });
    await database.query({
      text: "delete from inbox_mark where marked_at < $1::text::timestamptz",
      params: [new Date(now - retention.marksKeptForMs).toISOString()],
    });
  };
}
