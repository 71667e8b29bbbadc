/**
 * The cache, the hints and the budgets of a process without Redis. The cache is the process's own: what another process
 * writes to the database is not known here, so with several replicas and no Redis it is given no room, and keeps nothing.
 */
import type { Clock } from "../clock.ts";
import type { Scheduler } from "../scheduler.ts";
import { createMemoryBudgets } from "./memory-budgets.ts";
import type { Cache, Hints, SharedState } from "./port.ts";

export interface MemoryCacheDeps {
  readonly clock: Clock;
  /** Beyond it the entry goes that was used least recently. */
  readonly mostEntries: number;
}

interface Entry {
  readonly text: string;
  readonly untilMs: number;
}

export function createMemoryCache({ clock, mostEntries }: MemoryCacheDeps): Cache {
  /** From the least recently used on. */
  const entries = new Map<string, Entry>();
  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      entries.delete(key);
      if (entry.untilMs <= clock.now()) return null;
      entries.set(key, entry);
      return entry.text;
    },
    async set(key, text, ttlMs) {
      entries.delete(key);
      entries.set(key, { text, untilMs: clock.now() + ttlMs });
      for (const oldest of entries.keys()) {
        if (entries.size <= mostEntries) break;
        entries.delete(oldest);
      }
      return entries.has(key);
    },
    async remove(keys) {
      for (const key of keys) entries.delete(key);
      return true;
    },
  };
}

/** Carries hints between processes that are none: a platform in one process has one end, a simulation several. */
export interface MemoryHints {
  join(): Hints & { leave(): void };
}

export function createMemoryHints(scheduler: Scheduler): MemoryHints {
  type Listeners = Map<string, ((text: string) => void)[]>;
  const ends = new Set<Listeners>();
  return {
    join() {
      const own: Listeners = new Map();
      ends.add(own);
      return {
        tell(channel, text) {
          if (!ends.has(own)) return;
          const others = [...ends].filter((end) => end !== own);
          for (const end of others)
            for (const heard of end.get(channel) ?? []) scheduler.after(0, () => ends.has(end) && heard(text));
        },
        listen(channel, heard) {
          own.set(channel, [...(own.get(channel) ?? []), heard]);
        },
        leave: () => void ends.delete(own),
      };
    },
  };
}

/** A process of its own, with nobody to tell anything. */
export function openMemory(deps: MemoryCacheDeps & { readonly scheduler: Scheduler }): SharedState {
  const end = createMemoryHints(deps.scheduler).join();
  return { cache: createMemoryCache(deps), hints: end, budgets: createMemoryBudgets(deps.clock), close: end.leave };
}
