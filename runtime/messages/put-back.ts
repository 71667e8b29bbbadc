/**
 * Puts a parked timer or call back where it came from: its row returns in the statement that takes the letter away, so
 * a crash leaves one of the two. The holder of its shard, whoever that is, finds the row: it fires the timer, or resumes
 * the call as after a crash (it asks, or repeats what may be repeated).
 */
import type { Database, Row } from "../database/port.ts";
import { contentOf, type LetterPlace } from "./dead-letter.ts";
import type { TimerRow } from "./item.ts";
import { shardOf } from "./shard.ts";

const GONE = "with gone as (delete from dead_letter where key = $2 and source = $3 and sequence = 0 returning 1)";

/** The parts of `timer:<kind>` and `call:<kind>:<id>`. */
function partsOf(source: string) {
  const [what, kind = "", id = ""] = source.split(":");
  return { timer: what === "timer" ? kind : "", call: what === "call" ? id : "" };
}

/** Returns the timer; nothing for a call. A timer is due at once; one that the module has set again since stays. */
export async function putBack(
  database: Database,
  place: LetterPlace,
  letter: Row,
  now: number,
): Promise<TimerRow | undefined> {
  const { key, source } = place;
  const shard = shardOf(key);
  const content = contentOf(letter);
  if (content.kind === "call") {
    const { id, kind, request, traceparent = null } = content.intent;
    await database.query({
      text: `${GONE} insert into call_intent (shard, key, id, kind, request, traceparent)
        select $1::smallint, $2, $4::text::uuid, $5, $6, $7 from gone on conflict do nothing`,
      params: [shard, key, source, id, kind, request, traceparent],
    });
    return undefined;
  }
  const traceparent = content.kind === "timer" ? content.timer.traceparent : undefined;
  const traced = traceparent === undefined ? {} : { traceparent };
  const timer: TimerRow = { shard, key, kind: partsOf(source).timer, dueMs: now, ...traced };
  await database.query({
    text: `${GONE} insert into timer (shard, key, kind, due_at, traceparent)
      select $1::smallint, $2, $4, $5::text::timestamptz, $6 from gone on conflict do nothing`,
    params: [shard, key, source, timer.kind, new Date(now).toISOString(), traceparent ?? null],
  });
  return timer;
}

/** `waits`: the row has not been taken yet. `parked`: there is a letter, again or still. */
export async function stateOf(
  database: Database,
  { key, source }: LetterPlace,
  now: number,
): Promise<"waits" | "parked" | "gone"> {
  const { timer, call } = partsOf(source);
  const [row] = await database.query({
    text: `select exists (select from dead_letter where key = $1 and source = $2 and sequence = 0) as parked,
        exists (select from timer where shard = $3::smallint and key = $1 and kind = $4
          and due_at <= $5::text::timestamptz)
        or exists (select from call_intent where shard = $3::smallint and id::text = $6) as waits`,
    params: [key, source, shardOf(key), timer, new Date(now).toISOString(), call],
  });
  return row?.waits === true ? "waits" : row?.parked === true ? "parked" : "gone";
}
