/**
 * Which of a module's replicas holds which shard: the holder publishes its outbox rows, fires its timers, makes its
 * calls. Each replica counts up a beat; a shard whose holder's beat stood still for a lease, by the watcher's own
 * clock, may be taken. So no clock is ever compared with another one.
 *
 * A holder that could not beat for a lease stops acting by itself before anybody takes over. Should two replicas act
 * at once all the same (a process frozen in the wrong place), nothing happens twice: publishing is repeated under the
 * same names, timers and intents go away with a guarded delete. The epoch grows with each change of hands, so a late
 * renewal or take-over by one that slept is refused.
 */
import type { Clock } from "../clock.ts";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database, Row } from "../database/port.ts";
import { SHARDS } from "./shard.ts";

export interface ShardsDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Unique to this process and start. */
  readonly replica: string;
  readonly leaseMs: number;
  /** Nobody else can be using this database (its data directory is locked): what a crash left is taken at once. */
  readonly exclusive: boolean;
}

export interface Shards {
  /** Beats, and takes or gives back shards. Returns those newly held, or held again after the lease had lapsed. */
  renew(): Promise<readonly number[]>;
  holds(shard: number): boolean;
  held(): readonly number[];
  /** No other replica has been seen alive: everything that is committed comes from this process. */
  alone(): boolean;
  /** Gives all shards back, so that others need not wait for the lease to end. */
  release(): Promise<void>;
}

interface Seen {
  readonly beat: number;
  readonly sinceMs: number;
}

const BEAT = `
  with quick as (select set_config('synchronous_commit', 'off', true)),
  mine as (
    insert into replica (id, beat) select $1::uuid, 1 from quick
    on conflict (id) do update set beat = replica.beat + 1 returning beat)
  select
    (select json_agg(json_build_object('shard', shard, 'holder', holder, 'epoch', epoch) order by shard) from shard) as shards,
    (select json_agg(json_build_object('id', id, 'beat', beat) order by id) from replica) as replicas
  from mine`;

const FORGET_AFTER_LEASES = 20;

/** Starts with no shard; `renew` is called at a fraction of the lease. */
export function createShards(deps: ShardsDeps): Shards {
  const { database, clock, replica, leaseMs } = deps;
  const seen = new Map<string, Seen>();
  let held = new Map<number, number>();
  let validUntilMs = 0;
  let others = true;
  /** Nothing was held for a while, and no renewal has reported that yet. */
  let lapsed = true;
  let cleared = !deps.exclusive;

  async function renew() {
    if (!cleared) {
      await database.query({ text: "with gone as (delete from replica) update shard set holder = null", params: [] });
      cleared = true;
    }
    const beatMs = clock.now();
    const [row] = await database.query({ text: BEAT, params: [replica] });
    if (!row) throw new Error("the beat returned no row");
    const shards = shardRows(row);
    const live = liveReplicas(row);
    const mine = shards.filter((each) => each.holder === replica && held.get(each.shard) === each.epoch);
    held = new Map(mine.map((each) => [each.shard, each.epoch]));
    lapsed ||= clock.now() >= validUntilMs;
    validUntilMs = beatMs + leaseMs;

    await forgetDead();
    const fair = Math.ceil(SHARDS / live.size);
    const room = Math.max(0, fair - held.size);
    // Ours in the table only: a give-back or a take whose answer was lost. Nobody else may take them while we live.
    const strays = shards.filter((each) => each.holder === replica && !held.has(each.shard));
    const surplus = [...[...held.keys()].slice(fair), ...strays.slice(room).map(({ shard }) => shard)];
    if (surplus.length > 0) await giveBack(surplus);
    const free = shards.filter(({ holder }) => holder === null || (holder !== replica && !live.has(holder)));
    const wanted = [...strays, ...free].slice(0, room);
    const taken = wanted.length === 0 ? [] : await take(wanted);
    for (const { shard, epoch } of taken) held.set(shard, epoch);
    // What came while nothing was held was turned away, so shards that were kept over a lapse are to be swept as well.
    const toSweep = lapsed ? [...held.keys()] : taken.map(({ shard }) => shard);
    lapsed = false;
    return toSweep;
  }

  /** Also remembers when each replica's beat was last seen to move. */
  function liveReplicas(row: Row): Set<string> {
    const now = clock.now();
    const live = new Set([replica]);
    const present = new Set<string>();
    // Built by BEAT.
    for (const { id, beat } of (row.replicas ?? []) as { id: string; beat: number }[]) {
      present.add(id);
      const before = seen.get(id);
      if (before?.beat !== beat) seen.set(id, { beat, sinceMs: now });
      if (now - (seen.get(id)?.sinceMs ?? now) < leaseMs) live.add(id);
    }
    for (const id of seen.keys()) if (!present.has(id)) seen.delete(id);
    others = live.size > 1;
    return live;
  }

  /** Each start has a new id, so rows of ended processes would pile up. One that was only asleep comes back as new. */
  async function forgetDead() {
    const now = clock.now();
    const dead = [...seen].flatMap(([id, { sinceMs }]) =>
      id !== replica && now - sinceMs >= FORGET_AFTER_LEASES * leaseMs ? [id] : [],
    );
    if (dead.length === 0) return;
    await database.query({
      text: "delete from replica where id = any($1::uuid[])",
      params: [arrayLiteral(dead.sort())],
    });
  }

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
      await database.query({ text: "delete from replica where id = $1::uuid", params: [replica] });
    },
  };
}

interface ShardRow {
  readonly shard: number;
  readonly holder: string | null;
  readonly epoch: number;
}

// Built by BEAT.
const shardRows = (row: Row) => row.shards as ShardRow[];
