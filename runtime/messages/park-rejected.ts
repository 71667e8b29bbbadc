import { DatabaseError, type Lane } from "../database/port.ts";
import { callSource, deadLetterOf } from "./batch-plan.ts";
import type { Item } from "./item.ts";

/**
 * Parks the one item whose decision the database refuses (a value out of range, a broken constraint): the row goes to
 * `dead_letter`, its timer or intent goes away in the same statement. Commands are answered with the error.
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
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
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
  try {
    await lane.run({
      text: `with gone_timer as (delete from timer where shard = $8 and key = $1 and kind = $9 returning 1),
          gone_intent as (delete from call_intent where shard = $8 and id = $10::text::uuid returning 1)
        insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
          values ($1, $2, $3, $4, $5, $6, $7::text::timestamptz) on conflict do nothing`,
      params: [
        withoutNul(item.key),
        letter.source,
        letter.sequence,
        "rejected",
        withoutNul(letter.error),
        withoutNul(letter.message),
        new Date(now).toISOString(),
        item.kind === "timer" ? item.timer.shard : item.kind === "outcome" ? item.intent.shard : -1,
        item.kind === "timer" ? item.timer.kind : "",
        item.kind === "outcome" ? item.intent.id : null,
      ],
    });
  } catch (failure) {
    if (failure instanceof DatabaseError) return false;
    throw failure;
  }
  item.settle();
  return true;
}

/** PostgreSQL's text holds no NUL: it must not keep the item from being parked. */
const withoutNul = (text: string) => text.replaceAll("\0", "\\u0000");
