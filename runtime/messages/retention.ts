/**
 * Keeps what the core remembers bounded: idempotency keys, and marks of keys that have no aggregate row. Horizons are
 * longer than a client repeats a request, and than a transport can redeliver a message; what is younger is never
 * touched, nor is a mark that dead letters wait for. Run by the holder of the first shard, in small deletes, until
 * nothing old is left; a run that fails goes on at the next upkeep where it stopped.
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

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const DEFAULT_RETENTION: Retention = {
  idempotencyKeptForMs: 24 * HOUR,
  marksKeptForMs: 60 * 24 * HOUR,
  everyMs: MINUTE,
};

/** What is promised counts from the answer: a commit may take its time, and the clocks of replicas may differ. */
const MARGIN_MS = HOUR;

const PAGE = 2_000;

/** Returns a function to call at each upkeep; it does its work once in `everyMs`, first after one such pause. */
export function createRetention(database: Database, clock: Clock, retention: Retention): () => Promise<void> {
  let lastMs = clock.now();

  /** Repeats a delete of one page, oldest first, until a page is not full. */
  async function deleteOlder(text: string, beforeMs: number) {
    for (;;) {
      const gone = await database.query({ text, params: [new Date(beforeMs).toISOString()] });
      if (gone.length < PAGE) return;
    }
  }

  return async () => {
    const now = clock.now();
    if (now - lastMs < retention.everyMs) return;
    await deleteOlder(
      `delete from idempotency where scope in (
        select scope from idempotency where created_at < $1::text::timestamptz order by created_at, scope limit ${PAGE})
        returning 1`,
      now - retention.idempotencyKeptForMs - MARGIN_MS,
    );
    await deleteOlder(
      `delete from inbox_mark where (key, topic) in (
        select key, topic from inbox_mark m where marked_at < $1::text::timestamptz
          and not exists (select from dead_letter d where d.key = m.key and d.source = m.topic)
        order by marked_at, key, topic limit ${PAGE})
        returning 1`,
      now - retention.marksKeptForMs,
    );
    lastMs = now;
  };
}
