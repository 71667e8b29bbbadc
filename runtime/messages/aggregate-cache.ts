import { NO_POSITIONS, type Stored } from "./aggregate.ts";
import type { Working } from "./batch-plan.ts";

/**
 * Aggregates as this process last wrote or read them. It may be stale where replicas write the same rows: the version
 * guard of the save notices, and the lane drops the keys and reads again. Bounded; the longest unused leaves first.
 */
export interface AggregateCache<State> {
  readonly get: (key: string) => Stored<State> | undefined;
  keep(working: Iterable<Working<State>>): void;
  drop(items: Iterable<{ readonly key: string }>): void;
}

export function createAggregateCache<State>(limit = 10_000): AggregateCache<State> {
  const entries = new Map<string, Stored<State>>();
  return {
    get: (key) => entries.get(key),
    keep(all) {
      for (const { key, state, positions, version, dirty } of all) {
        entries.delete(key);
        if (state !== undefined)
          entries.set(key, {
            key,
            state,
            positions: positions ?? NO_POSITIONS,
            version: dirty ? version + 1 : version,
          });
      }
      for (const key of entries.keys()) {
        if (entries.size <= limit) break;
        entries.delete(key);
      }
    },
    drop(items) {
      for (const { key } of items) entries.delete(key);
    },
  };
}
