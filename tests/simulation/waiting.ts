/**
 * Statements that wait for a lock on the server: who is freed by a commit, who waits in a circle, who waits too long.
 *
 * A freed one goes on when the seed chooses it. A circle is broken as PostgreSQL would (one victim, 40P01), and a wait
 * ends after the lock timeout (55P03), both in virtual time: the server's own detection is switched off.
 */
import type { Random } from "../../runtime/random.ts";
import type { Backend, Backends, Progress } from "./backends.ts";
import type { Actor, Loop } from "./loop.ts";
import { chance, oneOf } from "./seed.ts";
import type { Trace } from "./trace.ts";

export interface Waiter {
  readonly backend: Backend;
  /** The node whose statement it is. */
  readonly owner: Actor;
  readonly label: string;
  /** Waits as long as it takes, as an operator's session does. */
  readonly patient: boolean;
  /** Called once all that was sent has been answered; `cancelledAs` is the SQLSTATE to show instead of 57014. */
  readonly ended: (cancelledAs: string | null) => Promise<() => void>;
}

export interface Waiting {
  add(waiter: Waiter): Promise<void>;
  /** To be called after everything that may have released a lock. */
  look(): Promise<void>;
  /** Cancels this statement if it still waits, as a dead client's server process is ended. */
  end(waiter: Waiter): void;
  /** Cancels all, at the end of a seed. */
  clear(): Promise<void>;
}

const DEADLOCK = "40P01";
const LOCK_TIMEOUT = "55P03";
const CANCELLED = "57014";
const WHY_CANCELLED: Readonly<Record<string, string>> = {
  [DEADLOCK]: "is in a deadlock, and PostgreSQL ends its statement (40P01)",
  [LOCK_TIMEOUT]: "has waited too long for a lock: PostgreSQL ends its statement (55P03)",
  [CANCELLED]: "is dead: PostgreSQL ends its statement, which waited for a lock",
};

interface Parked extends Waiter {
  readonly waiter: Waiter;
  /** An operation that goes on with it or cancels it is on its way. */
  decided: boolean;
  /** The SQLSTATE to show instead of 57014. */
  cancelledAs: string | null;
  stopTimer: () => void;
}

export interface WaitingOptions {
  readonly backends: Backends;
  readonly loop: Loop;
  readonly server: Actor;
  readonly random: Random;
  readonly trace: Trace;
  readonly lockTimeoutMs: number;
  readonly counts: LockCounts;
}

/** What happened to statements and transactions because of locks. */
export interface LockCounts {
  waits: number;
  deadlocks: number;
  /** Waits that ended with 55P03. */
  timeouts: number;
  /** Sessions that the server ended because their transaction was open without a word. */
  idleEnds: number;
}

export const noLocks = (): LockCounts => ({ waits: 0, deadlocks: 0, timeouts: 0, idleEnds: 0 });

export function createWaiting(options: WaitingOptions): Waiting {
  const { backends, loop, server, random, trace, lockTimeoutMs, counts } = options;
  const parked: Parked[] = [];
  /** In so many seeds each deadlock hits the product, again and again. */
  const patientWin = chance(random, 0.7);

  const submit = (waiter: Parked, label: string, perform: () => Promise<() => void>) => {
    waiter.decided = true;
    const { owner } = waiter;
    loop.submit({
      actor: server,
      victim: owner,
      hearer: owner,
      label: `${label} ${waiter.label}`,
      commits: true,
      perform,
    });
  };

  async function after(waiter: Parked, progress: Progress, cancelledAs: string | null): Promise<() => void> {
    waiter.stopTimer();
    waiter.cancelledAs ??= cancelledAs;
    if (progress === "returned") {
      parked.splice(parked.indexOf(waiter), 1);
      return waiter.ended(waiter.cancelledAs);
    }
    waiter.decided = false;
    trace.line("  → waits again");
    startTimer(waiter);
    await look();
    return () => undefined;
  }

  const goOn = async (waiter: Parked) => after(waiter, await backends.resume(waiter.backend), null);

  async function cancel(waiter: Parked, sqlState: string): Promise<() => void> {
    const waitsFor = await backends.blockers([waiter.backend]);
    if ((waitsFor.get(waiter.backend.pid) ?? []).length === 0) return goOn(waiter);
    if (sqlState === LOCK_TIMEOUT) counts.timeouts += 1;
    trace.tell(() => ({ about: [], text: `${waiter.label} ${WHY_CANCELLED[sqlState]}` }));
    return after(waiter, await backends.cancel(waiter.backend), sqlState);
  }

  function startTimer(waiter: Parked) {
    if (waiter.patient) return;
    waiter.stopTimer = loop.after(server, lockTimeoutMs, () => {
      if (!waiter.decided) submit(waiter, "lock timeout of", () => cancel(waiter, LOCK_TIMEOUT));
    });
  }

  function victimOf(circle: readonly Parked[]): Parked {
    const impatient = circle.filter(({ patient }) => !patient);
    return oneOf(random, patientWin && impatient.length > 0 ? impatient : circle);
  }

  async function look() {
    if (parked.length === 0) return;
    const waitsFor = await backends.blockers(parked.map((waiter) => waiter.backend));
    const stuck = new Map<number, Parked>();
    for (const waiter of parked) {
      if (waiter.decided) continue;
      if ((waitsFor.get(waiter.backend.pid) ?? []).length > 0) stuck.set(waiter.backend.pid, waiter);
      else submit(waiter, "lock granted to", () => goOn(waiter));
    }
    const circle = findCircle([...stuck.keys()], waitsFor);
    if (circle.length === 0) return;
    const victim = victimOf(circle.flatMap((pid) => stuck.get(pid) ?? []));
    counts.deadlocks += 1;
    submit(victim, "deadlock: victim is", () => cancel(victim, DEADLOCK));
  }

  return {
    look,
    async add(waiter) {
      const entry: Parked = { ...waiter, waiter, decided: false, cancelledAs: null, stopTimer: () => undefined };
      parked.push(entry);
      counts.waits += 1;
      startTimer(entry);
      await look();
    },
    end(waiter) {
      const entry = parked.find((candidate) => candidate.waiter === waiter);
      if (entry !== undefined && !entry.decided) submit(entry, "dead client:", () => cancel(entry, CANCELLED));
    },
    async clear() {
      for (const waiter of parked.splice(0)) {
        waiter.stopTimer();
        while ((await backends.cancel(waiter.backend)) === "waits");
      }
    },
  };
}

/**
 * The first circle found when walking from each process to those it waits for; empty when there is none. The server
 * names blockers in an order of its own, so the walk takes them in the order in which they came to wait.
 */
function findCircle(pids: readonly number[], waitsFor: ReadonlyMap<number, readonly number[]>): readonly number[] {
  const done = new Set<number>();
  const walk = (pid: number, path: readonly number[]): readonly number[] => {
    const start = path.indexOf(pid);
    if (start >= 0) return path.slice(start);
    if (done.has(pid)) return [];
    const blockers = new Set(waitsFor.get(pid));
    for (const next of pids) {
      if (!blockers.has(next)) continue;
      const circle = walk(next, [...path, pid]);
      if (circle.length > 0) return circle;
    }
    done.add(pid);
    return [];
  };
  for (const pid of pids) {
    const circle = walk(pid, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
