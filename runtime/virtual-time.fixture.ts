/** A clock and a scheduler for tests, whose time passes only when a test says so. */
import type { Clock } from "./clock.ts";
import type { Scheduler } from "./scheduler.ts";

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
}

export interface VirtualTime {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Waits that are not over. */
  readonly pending: number;
  /** Lets time pass; what is due runs in order, each with all that follows from it. */
  advance(byMs: number): Promise<void>;
  /** Lets time pass at once, as for a process that sleeps through it: all that fell due meanwhile runs late, once. */
  leap(byMs: number): Promise<void>;
}

// What hangs on promises alone has ended when the event loop comes round.
const eventLoopRound = () => new Promise<void>((resolve) => setImmediate(resolve));

/** `settle` resolves when nothing goes on any more without time passing. */
export function virtualTime(nowMs = 1_800_000_000_000, settle = eventLoopRound): VirtualTime {
  let now = nowMs;
  const tasks = new Set<Task>();
  const after = (delayMs: number, run: () => void) => {
    // In whole milliseconds, like the machine's.
    const task = { dueMs: now + Math.ceil(delayMs), run };
    tasks.add(task);
    return () => void tasks.delete(task);
  };
  async function advance(byMs: number) {
    const endMs = now + byMs;
    await settle();
    for (;;) {
      const [next] = [...tasks].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
      if (!next) break;
      tasks.delete(next);
      now = Math.max(now, next.dueMs);
      next.run();
      await settle();
    }
    now = endMs;
  }
  return {
    clock: { now: () => now },
    scheduler: {
      after,
      sleep: (delayMs) => new Promise((resolve) => after(delayMs, resolve)),
      external: (_label, work) => work(),
    },
    get pending() {
      return tasks.size;
    },
    advance,
    leap(byMs) {
      now += byMs;
      return advance(0);
    },
  };
}
