/**
 * Which of a module's replicas holds which shard: the holder publishes its outbox rows, fires its timers, makes its
 * calls. Each replica counts up a beat; a shard whose holder's beat stood still for a lease, by the watcher's own
 * clock, may be taken. So no clock is ever compared with another one.
 *
 * A holder that could not beat for a lease stops acting by itself before anybody takes over. Should two replicas act
 * at once all the same (a process frozen in the wrong place), nothing happens twice: publishing is repeated under the
 * same names, timers and intents go away with a guarded delete. The epoch grows with each change of hands, so a late
 * renewal or take-over by one that slept is refused.
 *
 * Replicas that stand by beat in a table of their own. As long as an active one lives they take no shard, and what they
 * hold is free for the active ones, who need not wait for it to be given back. Where none lives, they share the shards
 * among themselves and publish: what is committed goes out. Timers and calls wait for an active one (`ofActive`).
 */
import type { Activity } from "../activity/port.ts";
import type { Clock } from "../clock.ts";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database, Row } from "../database/port.ts";
import { SHARDS } from "./shard.ts";

export interface ShardsDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Unique to this process and start. */
  readonly replica: string;
  readonly activity: Pick<Activity, "isActive">;
  readonly leaseMs: number;
  /** Nobody else can be using this database (its data directory is locked): what a crash left is taken at once. */
  readonly exclusive: boolean;
}

export interface HeldShards {
  holds(shard: number): boolean;
  held(): readonly number[];
}

export interface Shards extends HeldShards {
  /** Beats, and takes or gives back shards. Returns those newly held, or held again after the lease had lapsed. */
  renew(): Promise<readonly number[]>;
  /** No other replica has been seen alive: everything that is committed comes from this process. */
  alone(): boolean;
  /** Gives all shards back, so that others need not wait for the lease to end. */
  release(): Promise<void>;
}

interface Seen {
  readonly beat: number;
  readonly isIdle: boolean;
  readonly sinceMs: number;
}

interface Live {
  readonly active: ReadonlySet<string>;
  readonly idle: ReadonlySet<string>;
}

const beatIn = (table: string, other: string) => `
  with quick as (select set_config('synchronous_commit', 'off', true)),
  moved as (delete from ${other} where id = $1::uuid),
  mine as (
    insert into ${table} (id, beat) select $1::uuid, 1 from quick
    on conflict (id) do update set beat = ${table}.beat + 1 returning beat),
  others as (
    select id, beat, false as idle from replica where id <> $1::uuid
    union all select id, beat, true from idle_replica where id <> $1::uuid)
  select
    (select json_agg(json_build_object('shard', shard, 'holder', holder, 'epoch', epoch) order by shard) from shard) as shards,
    (select json_agg(json_build_object('id', id, 'beat', beat, 'idle', idle) order by id) from others) as replicas
  from mine`;

const ACTIVE_BEAT = beatIn("replica", "idle_replica");
const IDLE_BEAT = beatIn("idle_replica", "replica");

const FORGET_AFTER_LEASES = 20;

/** Starts with no shard; `renew` is called at a fraction of the lease, and at once when the activity has changed. */
export function createShards(deps: ShardsDeps): Shards {
  const { database, clock, replica, activity, leaseMs } = deps;
  const seen = new Map<string, Seen>();
  let held = new Map<number, number>();
  let validUntilMs = 0;
  let others = true;
  /** Nothing was held for a while, and no renewal has reported that yet. */
  let lapsed = true;
  let cleared = !deps.exclusive;

  async function renew() {
    if (!cleared) {
      await database.query({
        text: `with gone as (delete from replica), idle as (delete from idle_replica) update shard set holder = null`,
        params: [],
      });
      cleared = true;
    }
    const beatMs = clock.now();
    const isActive = activity.isActive();
    const [row] = await database.query({ text: isActive ? ACTIVE_BEAT : IDLE_BEAT, params: [replica] });
    if (!row) throw new Error("the beat returned no row");
    const shards = shardRows(row);
    const live = liveReplicas(row, isActive);
    const mine = shards.filter((each) => each.holder === replica && held.get(each.shard) === each.epoch);
    held = new Map(mine.map((each) => [each.shard, each.epoch]));
    lapsed ||= clock.now() >= validUntilMs;
    validUntilMs = beatMs + leaseMs;

    await forgetDead();
    const taken = isActive || live.active.size === 0 ? await share(shards, isActive ? live.active : live.idle) : [];
    // What came while nothing was held was turned away, so shards that were kept over a lapse are to be swept as well.
    const toSweep = lapsed ? [...held.keys()] : taken;
    lapsed = false;
    return toSweep;
  }

  /** Gives back what is more than a fair share among the sharers, this one included, or takes what is free up to it. */
  async function share(shards: readonly ShardRow[], sharers: ReadonlySet<string>): Promise<readonly number[]> {
    const fair = Math.ceil(SHARDS / sharers.size);
    const room = Math.max(0, fair - held.size);
    // Ours in the table only: a give-back or a take whose answer was lost. Nobody else may take them while we live.
    const strays = shards.filter((each) => each.holder === replica && !held.has(each.shard));
    const surplus = [...[...held.keys()].slice(fair), ...strays.slice(room).map(({ shard }) => shard)];
    if (surplus.length > 0) await giveBack(surplus);
    const free = shards.filter(({ holder }) => holder === null || (holder !== replica && !sharers.has(holder)));
    const wanted = [...strays, ...free].slice(0, room);
    const taken = wanted.length === 0 ? [] : await take(wanted);
    for (const { shard, epoch } of taken) held.set(shard, epoch);
    return taken.map(({ shard }) => shard);
  }

  /** Also remembers when each replica's beat was last seen to move. */
  function liveReplicas(row: Row, isActive: boolean): Live {
    const now = clock.now();
    const active = new Set(isActive ? [replica] : []);
    const idle = new Set(isActive ? [] : [replica]);
    const present = new Set<string>();
    // Built by the beat.
    for (const { id, beat, idle: isIdle } of (row.replicas ?? []) as { id: string; beat: number; idle: boolean }[]) {
      present.add(id);
      const before = seen.get(id);
      if (before?.beat !== beat || before.isIdle !== isIdle) seen.set(id, { beat, isIdle, sinceMs: now });
      if (now - (seen.get(id)?.sinceMs ?? now) < leaseMs) (isIdle ? idle : active).add(id);
    }
    for (const id of seen.keys()) if (!present.has(id)) seen.delete(id);
    others = active.size + idle.size > 1;
    return { active, idle };
  }

  /** Each start has a new id, so rows of ended processes would pile up. One that was only asleep comes back as new. */
  async function forgetDead() {
    const now = clock.now();
    const dead = [...seen].flatMap(([id, { sinceMs }]) => (now - sinceMs >= FORGET_AFTER_LEASES * leaseMs ? [id] : []));
    if (dead.length > 0) await deleteReplicas(dead.sort());
  }

  const deleteReplicas = (ids: readonly string[]) =>
    database.query({
      text: `with idle as (delete from idle_replica where id = any($1::uuid[]))
        delete from replica where id = any($1::uuid[])`,
      params: [arrayLiteral(ids)],
    });

  const take = async (wanted: readonly ShardRow[]) => {
    const rows = await database.query({
      text: `update shard s set holder = $1::uuid, epoch = s.epoch + 1
        from json_to_recordset($2::text::json) as x(shard smallint, epoch bigint)
        where s.shard = x.shard and s.epoch = x.epoch returning s.shard, s.epoch`,
      params: [replica, JSON.stringify(wanted.map(({ shard, epoch }) => ({ shard, epoch })))],
    });
    return rows
      .map((row) => ({ shard: Number(row.shard), epoch: Number(row.epoch) }))
      .sort((a, b) => a.shard - b.shard);
  };

  async function giveBack(shards: readonly number[]) {
    for (const shard of shards) held.delete(shard);
    await database.query({
      text: "update shard set holder = null, epoch = epoch + 1 where holder = $1::uuid and shard = any($2::smallint[])",
      params: [replica, arrayLiteral(shards)],
    });
  }

  return {
    renew,
    holds: (shard) => held.has(shard) && clock.now() < validUntilMs,
    held: () => (clock.now() < validUntilMs ? [...held.keys()] : []),
    alone: () => !others,
    async release() {
      validUntilMs = 0;
      await giveBack([...held.keys()]);
      await deleteReplicas([replica]);
    },
  };
}

/** What the timers and calls of a replica see of its shards: none while it stands by. */
export const ofActive = (shards: HeldShards, activity: Pick<Activity, "isActive">): HeldShards => ({
  holds: (shard) => activity.isActive() && shards.holds(shard),
  held: () => (activity.isActive() ? shards.held() : []),
});

interface ShardRow {
  readonly shard: number;
  readonly holder: string | null;
  readonly epoch: number;
}

// Built by the beat.
const shardRows = (row: Row) => row.shards as ShardRow[];
