/**
 * Ends a discarded message whose key the module's aggregate cannot even be asked for (no UUID where keys are UUIDs):
 * the lane can decide nothing about it. No row can have such a key, so its marks all stand beside, in `inbox_mark`. In
 * one statement the mark moves over the message and its letter goes away, or, while an earlier number is missing, the
 * letter is marked as discarded; those that follow it and were marked before go with it. A crash between two of them
 * leaves the rest marked: discarding any of them again goes on.
 */
import { type Database, DatabaseError } from "../database/port.ts";
import type { AggregateStore } from "./aggregate.ts";
import type { LetterPlace } from "./dead-letter.ts";
import { queueRows } from "./read-letters.ts";

/** Whether the database refuses, now and at each try, to look for a row with this key. */
export async function isUnloadable(
  database: Database,
  aggregate: Pick<AggregateStore<unknown>, "load">,
  key: string,
): Promise<boolean> {
  try {
    await database.query(aggregate.load([key]));
    return false;
  } catch (error) {
    if (error instanceof DatabaseError && error.kind === "rejected") return true;
    throw error;
  }
}

/** Lets the message count as handled when its turn has come, else when it comes. */
export async function discardUnloadable(
  database: Database,
  place: LetterPlace,
  reason: string,
  now: number,
): Promise<void> {
  for (let at = place, why = reason; ; ) {
    await discardOne(database, at, why, now);
    const [next] = await database.query(queueRows(at, 1));
    if (!next || next.discarded_at === null || Number(next.sequence) !== at.sequence + 1) return;
    at = { ...at, sequence: at.sequence + 1 };
    why = String(next.discard_reason);
  }
}

const discardOne = (database: Database, { key, source, sequence }: LetterPlace, reason: string, now: number) =>
  database.query({
    text: `with mark as (select coalesce(max(sequence), 0) as sequence from inbox_mark where key = $1 and topic = $2),
        gone as (delete from dead_letter where key = $1 and source = $2 and sequence = $3::integer
          and (select sequence from mark) >= $3::integer - 1 returning sequence),
        moved as (insert into inbox_mark (key, topic, sequence, marked_at)
          select $1, $2, sequence, $5::text::timestamptz from gone
          on conflict (key, topic) do update set sequence = excluded.sequence, marked_at = excluded.marked_at
            where inbox_mark.sequence < excluded.sequence)
      update dead_letter set discarded_at = coalesce(discarded_at, $5::text::timestamptz),
          discard_reason = coalesce(discard_reason, $4)
        where key = $1 and source = $2 and sequence = $3::integer and (select sequence from mark) < $3::integer - 1`,
    params: [key, source, sequence, reason, new Date(now).toISOString()],
  });
