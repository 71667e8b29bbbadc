/**
 * Who waits for an aggregate hears of its next version, whichever process makes it: at once where this one does, sooner or
 * later where another one does. For that, all that is waited for here is looked at with one statement every 250 ms, and
 * what a hint names at once; a hint that is lost costs nothing but that time. A database that is away is asked again until
 * the wait is over; a fault of any other kind, also of one row alone, is reported and ends the waits that it concerns.
 */
import { DatabaseError } from "../database/port.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Stored } from "./aggregate.ts";

export interface Changes<State> {
  /** The aggregate once it is newer than `version`; undefined when its time is over, its signal fires or the process ends. */
  next(key: string, version: number, until: Patience): Promise<Stored<State> | undefined>;
  /** The process is about to end: whoever waits answers with what is known. */
  readonly ended: boolean;
  /** As many wait as may: each holds a request and its connection, and memory is to stay bounded. */
  readonly crowded: boolean;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What is known of an aggregate that somebody waits for. */
export interface Seen {
  readonly key: string;
  readonly version: number;
}

/** The row of an aggregate that is newer than what was known of it. */
export interface Newer<State> {
  readonly key: string;
  readonly decode: () => Stored<State>;
}

export interface ChangesDeps<State> {
  readonly scheduler: Scheduler;
  /** Those of the aggregates that are newer than what is known of them, as committed by any process. */
  readonly readNewer: (seen: readonly Seen[]) => Promise<readonly Newer<State>[]>;
  /** Is told why waits have failed. */
  readonly report: (error: unknown) => void;
  readonly mostWaits?: number;
}

interface Wait<State> {
  readonly version: number;
  readonly end: (stored: Stored<State> | undefined) => void;
  readonly fail: (reason: unknown) => void;
}

const LOOK_EVERY_MS = 250;
const MOST_KEYS = 1000;
const MOST_WAITS = 5_000;

export function createChanges<State>({
  scheduler,
  readNewer,
  report,
  mostWaits = MOST_WAITS,
}: ChangesDeps<State>): Changes<State> & {
  notify(changed: readonly Stored<State>[]): void;
  /** Another process has changed these: those that are waited for are looked at. */
  notifyElsewhere(keys: readonly string[]): void;
  /** Ends every wait, and lets nobody begin another one. */
  end(): void;
} {
  let ended = false;
  const waiting = new Map<string, Set<Wait<State>>>();
  /** In all of these sets. */
  let waits = 0;
  /** Keys to look at. */
  const due = new Set<string>();
  let looking = false;
  let cancelLook: (() => void) | undefined;

  const waitsFor = (key: string) => [...(waiting.get(key) ?? [])];

  function leave(key: string, wait: Wait<State>) {
    const others = waiting.get(key);
    if (others?.delete(wait)) waits--;
    if (others?.size === 0) waiting.delete(key);
    if (waiting.size > 0) return;
    cancelLook?.();
    cancelLook = undefined;
  }

  function notify(changed: readonly Stored<State>[]) {
    if (waiting.size === 0) return;
    for (const stored of changed)
      for (const { version, end } of waitsFor(stored.key)) if (stored.version > version) end(stored);
  }

  function planLook() {
    cancelLook ??= scheduler.after(LOOK_EVERY_MS, () => {
      cancelLook = undefined;
      look(waiting.keys());
      planLook();
    });
  }

  /** One statement at a time, however many ask for it meanwhile. */
  async function look(keys: Iterable<string>) {
    for (const key of keys) if (waiting.has(key)) due.add(key);
    if (looking) return;
    looking = true;
    while (due.size > 0) {
      const group = [...due].slice(0, MOST_KEYS).sort();
      for (const key of group) due.delete(key);
      const seen = group.flatMap((key) => {
        const versions = waitsFor(key).map(({ version }) => version);
        return versions.length === 0 ? [] : { key, version: Math.min(...versions) };
      });
      if (seen.length > 0) await readNewer(seen).then(take, (reason) => failed(seen, reason));
    }
    looking = false;
  }

  /** Those who wait for others have no part in a row that cannot be read. */
  function take(rows: readonly Newer<State>[]) {
    for (const row of rows) {
      let stored: Stored<State>;
      try {
        stored = row.decode();
      } catch (reason) {
        failed([row], reason);
        continue;
      }
      notify([stored]);
    }
  }

  function failed(keys: readonly Pick<Seen, "key">[], reason: unknown) {
    if (reason instanceof DatabaseError && reason.kind === "unavailable") return;
    report(reason);
    for (const { key } of keys) for (const { fail } of waitsFor(key)) fail(reason);
  }

  return {
    get ended() {
      return ended;
    },
    get crowded() {
      return waits >= mostWaits;
    },
    next(key, version, { timeoutMs, signal }) {
      if (ended || signal?.aborted) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        const over = () => {
          cancel();
          signal?.removeEventListener("abort", giveUp);
          leave(key, wait);
        };
        const end = (stored: Stored<State> | undefined) => {
          over();
          resolve(stored);
        };
        const fail = (reason: unknown) => {
          over();
          reject(reason);
        };
        const giveUp = () => end(undefined);
        const wait: Wait<State> = { version, end, fail };
        const cancel = scheduler.after(timeoutMs, giveUp);
        signal?.addEventListener("abort", giveUp, { once: true });
        const others = waiting.get(key) ?? new Set();
        waiting.set(key, others.add(wait));
        waits++;
        planLook();
      });
    },
    notify,
    notifyElsewhere: (keys) => void look(keys),
    end() {
      ended = true;
      for (const key of [...waiting.keys()]) for (const { end } of waitsFor(key)) end(undefined);
    },
  };
}
