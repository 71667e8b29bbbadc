/** Fetches of consumers: answered at once when there is something to bring, else when something has been written. */
import type { Random } from "../../../runtime/random.ts";
import type { Actor } from "../loop.ts";
import { between, chance, oneOf } from "../seed.ts";
import { type Place, placeName, type Records, type StoredRecord } from "./records.ts";
import type { Reply } from "./requests.ts";

/** What one fetch brings of one partition. */
export interface Fetched extends Place {
  readonly fetchedOffset: number;
  readonly messages: readonly StoredRecord[];
}

export interface Fetch {
  readonly actor: Actor;
  /** Whether its consumer is to join its group anew, as its next heartbeat will tell. */
  readonly isOver: () => boolean;
  readonly places: readonly Place[];
  readonly positions: ReadonlyMap<string, number>;
  readonly reply: Reply<readonly Fetched[]>;
}

export interface Fetches {
  ask(fetch: Fetch): void;
  /** Something was written there. */
  written(place: Place): void;
  /** Those that are over come back with nothing. */
  endOver(): void;
  /** The same for one that is told to stop. */
  end(actor: Actor, positions: ReadonlyMap<string, number> | undefined): void;
}

/** `mostRecords`: of one partition in one fetch. */
export function createFetches(records: Records, random: Random, mostRecords: number): Fetches {
  let waiting: Fetch[] = [];

  function read({ places, positions }: Fetch): readonly Fetched[] {
    const full = places.filter((place) => records.endOf(place) > (positions.get(placeName(place)) ?? 0));
    if (full.length === 0) return [];
    const first = oneOf(random, full);
    return full.flatMap((place) => {
      if (place !== first && chance(random, 0.3)) return [];
      const fetchedOffset = positions.get(placeName(place)) ?? 0;
      return [
        { ...place, fetchedOffset, messages: records.read(place, fetchedOffset, between(random, 1, mostRecords)) },
      ];
    });
  }

  function takeOut(wanted: (fetch: Fetch) => boolean): readonly Fetch[] {
    const out = waiting.filter(wanted);
    waiting = waiting.filter((fetch) => !out.includes(fetch));
    return out;
  }

  return {
    ask(fetch) {
      const found = read(fetch);
      if (found.length > 0) fetch.reply.resolve(found);
      else waiting.push(fetch);
    },
    written(place) {
      const name = placeName(place);
      const out = takeOut(({ actor, places }) => !actor.alive || places.some((each) => placeName(each) === name));
      for (const fetch of out) fetch.reply.resolve(read(fetch));
    },
    endOver() {
      for (const { reply } of takeOut(({ isOver }) => isOver())) reply.resolve([]);
    },
    end(actor, positions) {
      for (const { reply } of takeOut((fetch) => fetch.actor === actor && fetch.positions === positions))
        reply.resolve([]);
    },
  };
}
