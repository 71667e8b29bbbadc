/**
 * One consumer group as its coordinator keeps it: members, the generation that they have in common, who has which
 * partitions, and what was committed.
 *
 * Whoever comes, goes or is missed begins a rebalance: the others hear of it at their next heartbeat and join anew, and
 * when all have, or the slow ones were waited for long enough, a new generation begins. Until then each goes on with
 * what it had, and its commits are taken; afterwards those of an older generation, or of a member that was missed, are
 * refused.
 */
import { pick, type Random } from "../../../runtime/random.ts";
import { BrokerError } from "./broker-error.ts";
import { type Place, placeName } from "./records.ts";
import type { Reply } from "./requests.ts";

export interface Membership {
  readonly member: string;
  readonly generation: number;
  readonly places: readonly Place[];
}

export interface Joining {
  readonly member: string;
  readonly topics: readonly string[];
  /** Whether it would say now, if it was time to, that it lives. */
  readonly beats: () => boolean;
  readonly reply: Reply<Membership>;
}

export interface Group {
  readonly name: string;
  join(joining: Joining): void;
  leave(member: string): void;
  /** Throws a `BrokerError` when the member is missed, or is to join anew. */
  heartbeat(membership: Membership): void;
  commit(membership: Membership, offsets: readonly (Place & { readonly offset: number })[]): void;
  /** Null: nothing was committed. */
  committed(place: Place): number | null;
  /** The furthest that was committed; a member that has come back may commit less. */
  everCommitted(place: Place): number;
  /** Whether nobody else has its partitions by now. */
  isCurrent(membership: Membership): boolean;
  /** Whether it has to join anew, though it may not have heard of that. */
  mustJoin(membership: Membership): boolean;
  /** Looks for members that are missed. `away`: nobody could be heard, so nobody is. */
  look(away: boolean): void;
  /** Topics that members have asked for. */
  readonly topics: ReadonlySet<string>;
}

interface Member {
  topics: readonly string[];
  beats: () => boolean;
  heardMs: number;
  /** It has asked to join the next generation, more than once where it has not heard of it before. */
  waiting: Reply<Membership>[];
}

export interface GroupOptions {
  readonly name: string;
  readonly now: () => number;
  readonly random: Random;
  readonly placesOf: (topic: string) => readonly Place[];
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  /** Whether the seed misses this one though it lives. */
  readonly expels: () => boolean;
  readonly note: (text: string) => void;
  readonly count: (what: string) => void;
}

export function createGroup(options: GroupOptions): Group {
  const { name, now, random, note, count } = options;
  const members = new Map<string, Member>();
  const gone = new Set<string>();
  const topics = new Set<string>();
  const offsets = new Map<string, number>();
  const furthest = new Map<string, number>();
  let generation = 0;
  let rebalancingSinceMs: number | null = null;

  const noMember = (id: string) => new BrokerError("UNKNOWN_MEMBER_ID", `${id} is no member of ${name}`);

  function rebalance() {
    if (members.size === 0) rebalancingSinceMs = null;
    else rebalancingSinceMs ??= now();
    begin();
  }

  /** The new generation, when all have joined. */
  function begin() {
    if (rebalancingSinceMs === null || [...members.values()].some(({ waiting }) => waiting.length === 0)) return;
    rebalancingSinceMs = null;
    generation += 1;
    if (generation > 1) count("rebalance");
    const assigned = assign();
    note(`${name} generation ${generation}: ${JSON.stringify(Object.fromEntries(assigned))}`);
    for (const [id, member] of members) {
      member.heardMs = now();
      for (const { resolve } of member.waiting.splice(0))
        resolve({ member: id, generation, places: assigned.get(id) ?? [] });
    }
  }

  /** Each partition to one of the members that want its topic. */
  function assign(): ReadonlyMap<string, readonly Place[]> {
    const ids = [...members.keys()];
    const first = pick(random, ids.length);
    const turned = [...ids.slice(first), ...ids.slice(0, first)];
    const assigned = new Map(ids.map((id) => [id, [] as Place[]]));
    let turn = 0;
    for (const topic of topics) {
      const takers = turned.filter((id) => members.get(id)?.topics.includes(topic));
      for (const place of takers.length === 0 ? [] : options.placesOf(topic))
        assigned.get(takers[turn++ % takers.length] ?? "")?.push(place);
    }
    return assigned;
  }

  function remove(id: string, why: string) {
    const member = members.get(id);
    if (member === undefined) return;
    members.delete(id);
    gone.add(id);
    note(`${name}: ${id} ${why}`);
    for (const { reject } of member.waiting) reject(noMember(id));
    rebalance();
  }

  function known({ member: id, generation: its }: Membership): Member {
    const member = members.get(id);
    if (member === undefined) throw noMember(id);
    if (its !== generation) throw new BrokerError("ILLEGAL_GENERATION", `generation ${its} of ${name} is over`);
    member.heardMs = now();
    return member;
  }

  const isCurrent = ({ member, generation: its }: Membership) => members.has(member) && its === generation;

  return {
    name,
    topics,
    join({ member: id, topics: wanted, beats, reply }) {
      if (gone.has(id)) throw noMember(id);
      for (const topic of wanted) topics.add(topic);
      const waiting = members.get(id)?.waiting ?? [];
      members.set(id, { topics: wanted, beats, heardMs: now(), waiting: [...waiting, reply] });
      rebalance();
    },
    leave: (id) => remove(id, "leaves"),
    heartbeat(membership) {
      known(membership);
      if (rebalancingSinceMs !== null) throw new BrokerError("REBALANCE_IN_PROGRESS", `${name} is rebalancing`);
    },
    commit(membership, positions) {
      try {
        known(membership);
      } catch (error) {
        count("commitRefused");
        throw error;
      }
      for (const { offset, ...place } of positions) {
        offsets.set(placeName(place), offset);
        furthest.set(placeName(place), Math.max(offset, furthest.get(placeName(place)) ?? 0));
      }
    },
    committed: (place) => offsets.get(placeName(place)) ?? null,
    everCommitted: (place) => furthest.get(placeName(place)) ?? 0,
    isCurrent,
    mustJoin: (membership) => rebalancingSinceMs !== null || !isCurrent(membership),
    look(away) {
      const nowMs = now();
      for (const [id, member] of [...members]) {
        const isHeard = away || member.beats();
        if (isHeard) member.heardMs = nowMs;
        if (nowMs - member.heardMs > options.sessionMs) {
          count("memberMissed");
          remove(id, "is missed");
        } else if (isHeard && !away && options.expels()) remove(id, "is missed though it lives");
      }
      if (rebalancingSinceMs === null || nowMs - rebalancingSinceMs < options.rebalanceMs) return;
      for (const [id, { waiting }] of [...members]) if (waiting.length === 0) remove(id, "has not joined in time");
    },
  };
}
