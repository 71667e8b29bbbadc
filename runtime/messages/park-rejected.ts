import { DatabaseError, type Lane, type Parameter, type Statement } from "../database/port.ts";
import { errorText } from "../error-text.ts";
import { withoutPersonal } from "../personal-data.ts";
import { callSource, deadLetterOf } from "./batch-plan.ts";
import type { Item } from "./item.ts";

/**
 * Parks the one item whose decision the database refuses (a value out of range, a broken constraint): the row goes to
 * `dead_letter`, its timer or intent goes away in the same statement; where that is gone, somebody else has done it, and
 * there is nothing to park. What is there already (it was let go, or has come again) stays with the new error. Commands
 * are answered with the error.
 * Returns false when parking itself failed and must be tried again.
 */
export async function parkRejected<State, Shared>(
  lane: Lane,
  item: Item<State, Shared>,
  error: unknown,
  now: number,
): Promise<boolean> {
  if (item.kind === "command") {
    item.fail(error);
    return true;
  }
  // It was only to be taken away if its number had been counted, which cannot be told: it stays as it was.
  if (item.kind === "message" && item.letter?.kind === "cover") {
    item.settle();
    return true;
  }
  const letter = letterOf(item, error);
  const parkedAt = new Date(now).toISOString();
  const row = [withoutNul(item.key), letter.source, letter.sequence, withoutNul(letter.error), parkedAt];
  try {
    await lane.run(
      item.kind === "message" && item.letter
        ? {
            // Not put back when another replica has let it go meanwhile.
            text: `update dead_letter set reason = 'rejected', error = $4, parked_at = $5::text::timestamptz
              where key = $1 and source = $2 and sequence = $3::integer and discarded_at is null`,
            params: row,
          }
        : parking(item, [...row, withoutNul(letter.message)]),
    );
  } catch (failure) {
    if (failure instanceof DatabaseError) return false;
    throw failure;
  }
  if (item.kind === "message") item.settle("parked");
  else item.settle();
  return true;
}

function letterOf(item: Exclude<Item<never, never>, { kind: "command" }>, error: unknown) {
  if (item.kind === "message") return deadLetterOf(item.envelope, "rejected", error);
  const [source, message] =
    item.kind === "timer"
      ? [`timer:${item.timer.kind}`, JSON.stringify(item.timer)]
      : [callSource(item.intent), JSON.stringify({ intent: item.intent, outcome: item.outcome })];
  return { source, sequence: 0, error: withoutPersonal(errorText(error), [message]), message };
}

/** `row`: key, source, number, error, time and message of the letter. */
function parking(item: Exclude<Item<never, never>, { kind: "command" }>, row: readonly Parameter[]): Statement {
  const insert = (from: string) => `insert into dead_letter (key, source, sequence, reason, error, parked_at, message)
    select $1, $2, $3::integer, 'rejected', $4, $5::text::timestamptz, $6 ${from}
    on conflict (key, source, sequence) do update set reason = excluded.reason, error = excluded.error,
      message = excluded.message, parked_at = excluded.parked_at where dead_letter.discarded_at is null`;
  switch (item.kind) {
    case "message":
      return { text: insert(""), params: row };
    case "timer":
      return {
        text: `with gone_timer as (delete from timer where shard = $7::smallint and key = $1 and kind = $8
            and due_at = $9::text::timestamptz returning 1)
          ${insert("from gone_timer")}`,
        params: [...row, item.timer.shard, item.timer.kind, new Date(item.timer.dueMs).toISOString()],
      };
    case "outcome":
      return {
        text: `with gone_intent as (delete from call_intent where shard = $7::smallint and id = $8::text::uuid returning 1)
          ${insert("from gone_intent")}`,
        params: [...row, item.intent.shard, item.intent.id],
      };
  }
}

/** PostgreSQL's text holds no NUL: it must not keep the item from being parked. */
export const withoutNul = (text: string) => text.replaceAll("\0", "\\u0000");
