import type { Stored } from "./messages/aggregate.ts";
import type { Scheduler } from "./scheduler.ts";

/** Tells who waits for an aggregate when this process has changed it, and may hear that another one has. */
export interface Changes<State> {
  /** The aggregate after its next change here; undefined when another process may have changed it, or after `timeoutMs`. */
  next(key: string, timeoutMs: number): Promise<Stored<State> | undefined>;
  /** The process is about to end: whoever waits answers with what is known. */
  readonly ended: boolean;
}

export function createChanges<State>(scheduler: Scheduler): Changes<State> & {
  notify(changed: readonly Stored<State>[]): void;
  /** Another process has changed these: who waits for one looks for itself. */
  notifyElsewhere(keys: readonly string[]): void;
  /** Ends every wait, and lets nobody begin another one. */
  end(): void;
} {
  let ended = false;
  const waiting = new Map<string, Set<(stored: Stored<State> | undefined) => void>>();
  return {
    get ended() {
      return ended;
    },
    next(key, timeoutMs) {
      if (ended) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const others = waiting.get(key) ?? new Set();
        waiting.set(key, others);
        const end = (stored: Stored<State> | undefined) => {
          cancel();
          others.delete(end);
          if (others.size === 0 && waiting.get(key) === others) waiting.delete(key);
          resolve(stored);
        };
        const cancel = scheduler.after(timeoutMs, () => end(undefined));
        others.add(end);
      });
    },
    notify(changed) {
      if (waiting.size === 0) return;
      for (const stored of changed) for (const end of [...(waiting.get(stored.key) ?? [])]) end(stored);
    },
    notifyElsewhere(keys) {
      if (waiting.size === 0) return;
      for (const key of keys) for (const end of [...(waiting.get(key) ?? [])]) end(undefined);
    },
    end() {
      ended = true;
      for (const ends of [...waiting.values()]) for (const end of [...ends]) end(undefined);
    },
  };
}
