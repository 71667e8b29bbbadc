/**
 * Keeps what the core remembers of the past bounded. What else it writes (outbox rows, timers, call intents, letters)
 * goes away in the commit that deals with it; idempotency keys and marks beside no row go away here, when their horizon
 * has passed, and so do rows of a module's own that such keys lead to. All horizons stand below; why each is as long as
 * it is, and what stays for good: docs/retention.md.
 *
 * What is younger is never touched; nor is a mark that dead letters wait for, or that a row should have taken over and
 * has not. Run by the holder of the first shard: one page of each kind at an upkeep, until nothing old is left, so that
 * a backlog holds up nothing else. A delete that fails is tried again at the next upkeep, and does not stop the others.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import type { AggregateStore } from "./aggregate.ts";

export interface Retention {
  /** At least a day: so long a repeated request gets its first answer. */
  readonly idempotencyKeptForMs: number;
  /** Longer than any transport keeps a message, and than two messages of a key can lie apart. */
  readonly marksKeptForMs: number;
  /** Pause after everything old is gone. */
  readonly everyMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A consumer group may be away for that long and loses nothing. It is far below what a module keeps of the messages that
 * it has handled, so none can come again unrecognised.
 */
export const TOPICS_KEEP_MS = 14 * DAY;

/** The longest wait that can be configured is 400 days: a month more, and no order goes on when its marks are gone. */
export const DEFAULT_RETENTION: Retention = {
  idempotencyKeptForMs: DAY,
  marksKeptForMs: 430 * DAY,
  everyMs: MINUTE,
};

/** What is promised counts from the answer: a commit may take its time, and the clocks of replicas may differ. */
const MARGIN_MS = HOUR;

const PAGE = 2_000;

type MarkedTable = Pick<AggregateStore<unknown>, "table" | "key">;

/** Rows of a module's own that idempotency keys lead to, with the columns `id`, `scope` (null: no key) and `created_at`. */
export interface KeyedRows {
  readonly table: string;
  /** So much longer than keys they are kept: a request that has read a key must still find what it leads to. */
  readonly outliveKeysByMs: number;
}

/** Rows that are forgotten: `text` deletes the oldest page of those that were written before its parameter. */
interface Forgotten {
  readonly text: string;
  readonly keptForMs: number;
}

const idempotencyKeys = (keptForMs: number): Forgotten => ({
  keptForMs: keptForMs + MARGIN_MS,
  text: `delete from idempotency where scope in (
    select scope from idempotency where created_at < $1::text::timestamptz order by created_at, scope limit ${PAGE})
    returning 1`,
});

/** The oldest page is found by age alone: that a key is still there is seldom, as keys go sooner. */
const keyedRows = (keptForMs: number, { table, outliveKeysByMs }: KeyedRows): Forgotten => ({
  keptForMs: keptForMs + MARGIN_MS + outliveKeysByMs,
  text: `delete from ${table} r where id in (
    select id from ${table} where created_at < $1::text::timestamptz order by created_at, id limit ${PAGE})
    and not exists (select from idempotency i where i.scope = r.scope) returning 1`,
});

/**
 * A row that was inserted at the moment of the mark may not know it: the mark then goes on standing for it. The age is
 * asked for twice, because a mark that has moved while the delete waited for its lock is judged again by what stands
 * outside the subquery alone.
 */
const marks = (keptForMs: number, { table, key }: MarkedTable): Forgotten => ({
  keptForMs,
  text: `delete from inbox_mark where marked_at < $1::text::timestamptz and (key, topic) in (
    select key, topic from inbox_mark m where marked_at < $1::text::timestamptz
      and not exists (select from dead_letter d where d.key = m.key and d.source = m.topic)
      and not exists (select from ${table} t
        where t.${key.name} = case when pg_input_is_valid(m.key, '${key.sqlType}') then m.key::${key.sqlType} end
          and coalesce((t.positions->'in'->>m.topic)::integer, 0) < m.sequence)
    order by marked_at, key, topic limit ${PAGE})
    returning 1`,
});

/** Returns a function to call at each upkeep; it begins once in `everyMs`, first after one such pause. */
export function createRetention(
  database: Database,
  clock: Clock,
  retention: Retention,
  module: { readonly aggregate: MarkedTable; readonly keyedRows?: readonly KeyedRows[] },
): () => Promise<void> {
  const { idempotencyKeptForMs, marksKeptForMs } = retention;
  const kinds = [
    idempotencyKeys(idempotencyKeptForMs),
    marks(marksKeptForMs, module.aggregate),
    ...(module.keyedRows ?? []).map((each) => keyedRows(idempotencyKeptForMs, each)),
  ];
  let begunMs = clock.now();
  /** Of which there may be old ones left. */
  let owed: readonly Forgotten[] = [];

  /** Deletes the oldest page; says whether it was full. */
  async function deletePage({ text, keptForMs }: Forgotten): Promise<boolean> {
    const gone = await database.query({ text, params: [new Date(clock.now() - keptForMs).toISOString()] });
    return gone.length === PAGE;
  }

  return async () => {
    const sinceMs = clock.now() - begunMs;
    // Less than nothing: the clock was set back.
    if (sinceMs >= retention.everyMs || sinceMs < 0) {
      begunMs = clock.now();
      owed = kinds;
    }
    if (owed.length === 0) return;
    const tried = owed;
    const results = await Promise.allSettled(tried.map(deletePage));
    owed = tried.filter((_kind, index) => {
      const result = results[index];
      return result?.status !== "fulfilled" || result.value;
    });
    for (const result of results) if (result.status === "rejected") throw result.reason;
  };
}
