/**
 * What a module has committed and not carried out yet, by what it is: messages in its outbox, calls to the outside world,
 * timers that are due. In a healthy module all of it is young, and most of the time there is nothing. In one that has been
 * cut off it is a great deal, so only the first of each shard are looked at, by an index, and the answer says so: of calls
 * and timers these are the oldest, of messages those of the keys that come first, which for keys by time are the oldest.
 */
import * as z from "zod";
import type { Database, Row, Statement } from "../database/port.ts";
import { answers, defineRpc, type RpcHandler } from "../rpc/port.ts";
import { MESSAGE_TIME_MS } from "./outbox-message.ts";

export const waitingKinds = ["call", "message", "timer"] as const;

const waitingSchema = z.object({
  kind: z.enum(waitingKinds),
  /** The topic, or the kind of the call or the timer. */
  name: z.string(),
  count: z.int().positive(),
  /** Not all of that kind were looked at, so there may be more, and an older one. */
  atLeast: z.boolean(),
  /** Of the one that waits longest: since when, and its key. */
  oldestMs: z.number(),
  oldestKey: z.string(),
});

const millis = (moment: string) => `(extract(epoch from ${moment}) * 1000)::bigint`;

export type Waiting = z.infer<typeof waitingSchema>;

/** Asks a module; operators do, through the edge. */
export const waitingRpc = (module: string) =>
  defineRpc({
    module,
    name: "waiting.list",
    request: z.object({ nowMs: z.number() }),
    response: z.object({ waiting: z.array(waitingSchema).readonly() }),
  });

/** Of each shard, for messages and calls; of all, for timers. */
const LOOKED_AT = 1_000;

/** A module without messages has nothing that waits. */
export const waitingHandler = (module: string, database: Database | undefined, lookedAt = LOOKED_AT): RpcHandler =>
  answers(waitingRpc(module), async ({ nowMs }) => ({
    waiting: database ? await readWaitingWork(database, nowMs, lookedAt) : [],
  }));

/** What waits in the module's tables. */
export const readWaitingWork = async (database: Database, nowMs: number, lookedAt = LOOKED_AT) =>
  (await database.query(readWaiting(nowMs, lookedAt))).map(waitingOf);

/** By kind, then name. The id of a call is a UUIDv7, which holds the time of its making. */
const readWaiting = (nowMs: number, lookedAt: number): Statement => ({
  text: `with waiting as (
      select 'message' as kind, shard, topic as name, ${MESSAGE_TIME_MS} as since_ms, key
        from shard cross join lateral (select topic, message, key from outbox where outbox.shard = shard.shard
          order by key, topic, sequence limit $2::integer) looked_at
      union all
      select 'call', shard, kind, ${millis("uuid_extract_timestamp(id)")}, key
        from shard cross join lateral (select id, kind, key from call_intent where call_intent.shard = shard.shard
          order by id limit $2::integer) looked_at
      union all
      select 'timer', null, kind, ${millis("due_at")}, key from (select due_at, kind, key from timer
        where due_at <= $1::text::timestamptz order by due_at, shard, key, kind limit $2::integer) looked_at),
    full_kind as (select distinct kind from waiting group by kind, shard having count(*) >= $2::integer),
    compared as (select kind, name, array[lpad(coalesce(since_ms, 0)::text, 15, '0'), key] as place from waiting)
    select kind, name, count(*) as count, kind in (select kind from full_kind) as at_least,
      (min(place))[1]::bigint as oldest_ms, (min(place))[2] as oldest_key
    from compared group by kind, name order by kind, name`,
  params: [new Date(nowMs).toISOString(), lookedAt],
});

const waitingOf = (row: Row): Waiting => ({
  kind: z.enum(waitingKinds).parse(row.kind),
  name: String(row.name),
  count: Number(row.count),
  atLeast: row.at_least === true,
  oldestMs: Number(row.oldest_ms),
  oldestKey: String(row.oldest_key),
});
