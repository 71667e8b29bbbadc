import { NO_POSITIONS, type Stored } from "./aggregate.ts";
import type { Working } from "./batch-plan.ts";

/**
 * Aggregates as this process last wrote or read them. It may be stale where replicas write the same rows: the version
 * guard of the save notices, and the lane drops the keys and reads again. Bounded: when half of the limit has been
 * written anew, all that was not leaves at once: taking out single ones walks past all that have left before.
 */
export interface AggregateCache<State> {
  readonly get: (key: string) => Stored<State> | undefined;
  keep(working: Iterable<Working<State>>): void;
  drop(items: Iterable<{ readonly key: string }>): void;
}

export function createAggregateCache<State>(limit = 10_000): AggregateCache<State> {
  let recent = new Map<string, Stored<State>>();
  let older = new Map<string, Stored<State>>();

  function forget(key: string) {
    recent.delete(key);
    older.delete(key);
  }

  return {
    get: (key) => recent.get(key) ?? older.get(key),
    keep(all) {
      for (const { key, state, positions, version, dirty } of all)
        if (state === undefined) forget(key);
        else
          recent.set(key, {
            key,
            state,
            positions: positions ?? NO_POSITIONS,
            version: dirty ? version + 1 : version,
          });
      if (recent.size < limit / 2) return;
      older = recent;
      recent = new Map();
    },
    drop(items) {
      for (const { key } of items) forget(key);
    },
  };
}
