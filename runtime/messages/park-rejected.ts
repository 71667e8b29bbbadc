import { DatabaseError, type Lane } from "../database/port.ts";
import { errorText } from "../error-text.ts";
import { callSource, deadLetterOf } from "./batch-plan.ts";
import type { Item } from "./item.ts";

/**
 * Parks the one item whose decision the database refuses (a value out of range, a broken constraint): the row goes to
 * `dead_letter`, its timer or intent goes away in the same statement. What is there already (it was let go, or has come
 * again) stays with the new error. Commands are answered with the error.
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
  const text = errorText(error);
  const letter =
    item.kind === "message"
      ? deadLetterOf(item.envelope, "rejected", error)
      : item.kind === "timer"
        ? {
            key: item.key,
            source: `timer:${item.timer.kind}`,
            sequence: 0,
            error: text,
            message: JSON.stringify(item.timer),
          }
        : {
            key: item.key,
            source: callSource(item.intent),
            sequence: 0,
            error: text,
            message: JSON.stringify({ intent: item.intent, outcome: item.outcome }),
          };
  const parkedAt = new Date(now).toISOString();
  try {
    await lane.run(
      item.kind === "message" && item.letter
        ? {
            // Not put back when another replica has let it go meanwhile.
            text: `update dead_letter set reason = $4, error = $5, parked_at = $6::text::timestamptz
              where key = $1 and source = $2 and sequence = $3 and discarded_at is null`,
            params: [withoutNul(item.key), letter.source, letter.sequence, "rejected", withoutNul(text), parkedAt],
          }
        : {
            text: `with gone_timer as (delete from timer where shard = $8 and key = $1 and kind = $9 returning 1),
                gone_intent as (delete from call_intent where shard = $8 and id = $10::text::uuid returning 1)
              insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
                values ($1, $2, $3, $4, $5, $6, $7::text::timestamptz)
              on conflict (key, source, sequence) do update set reason = excluded.reason, error = excluded.error,
                message = excluded.message, parked_at = excluded.parked_at where dead_letter.discarded_at is null`,
            params: [
              withoutNul(item.key),
              letter.source,
              letter.sequence,
              "rejected",
              withoutNul(letter.error),
              withoutNul(letter.message),
              parkedAt,
              item.kind === "timer" ? item.timer.shard : item.kind === "outcome" ? item.intent.shard : -1,
              item.kind === "timer" ? item.timer.kind : "",
              item.kind === "outcome" ? item.intent.id : null,
            ],
          },
    );
  } catch (failure) {
    if (failure instanceof DatabaseError) return false;
    throw failure;
  }
  item.settle();
  return true;
}

/** PostgreSQL's text holds no NUL: it must not keep the item from being parked. */
const withoutNul = (text: string) => text.replaceAll("\0", "\\u0000");
