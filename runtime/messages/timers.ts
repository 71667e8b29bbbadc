/**
 * Fires a module's durable timers: rows of held shards, in (due, key) order, handed to the lane as messages. A timer
 * fires at or after its due time, at least once; its row goes away in the commit of its effect, so the effect happens
 * once. Timers set by this process wake it when due; those of other replicas are found by sweeping. Timers of a kind that
 * a newer version has set are left to a holder that knows it (unknown-kinds.ts).
 */
import type { Clock } from "../clock.ts";
import { arrayLiteral } from "../database/array-literal.ts";
import type { Database } from "../database/port.ts";
import type { Scheduler } from "../scheduler.ts";
import type { TimerItem, TimerRow } from "./item.ts";
import type { HeldShards } from "./shards.ts";

export interface TimersDeps {
  readonly database: Database;
  readonly shards: HeldShards;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Those that this version has handlers for. */
  readonly kinds: readonly string[];
  readonly push: (item: TimerItem) => void;
  /** How far ahead a sweep looks, and so how seldom it is needed while nothing is due. */
  readonly horizonMs: number;
}

export interface Timers {
  /** Timers that this process has just committed. */
  offer(timers: Iterable<TimerRow>): void;
  /** Fires what is due and plans the next look. */
  sweep(): Promise<void>;
  stop(): void;
}

const PAGE = 200;

export function createTimers(deps: TimersDeps): Timers {
  const { clock, scheduler, shards } = deps;
  const known = arrayLiteral(deps.kinds);
  const inHand = new Set<string>();
  let nextMs = Number.POSITIVE_INFINITY;
  let cancel: () => void = () => undefined;
  let sweeping = false;
  /** A wake-up came during a sweep, which may have read before that timer was there. */
  let again = false;

  function wakeAt(dueMs: number) {
    if (dueMs >= nextMs) return;
    cancel();
    nextMs = dueMs;
    cancel = scheduler.after(Math.max(0, dueMs - clock.now()), () => {
      nextMs = Number.POSITIVE_INFINITY;
      sweep().catch(() => wakeAt(clock.now() + 1000));
    });
  }

  async function sweep() {
    const held = shards.held();
    if (sweeping) again = true;
    if (held.length === 0 || sweeping) return;
    sweeping = true;
    try {
      const horizonMs = clock.now() + deps.horizonMs;
      const rows = await deps.database.query({
        text: `select shard, key, kind, due_at, traceparent from timer
          where due_at <= $1::text::timestamptz and shard = any($2::smallint[]) and kind = any($3::text[])
          order by due_at, shard, key, kind limit ${PAGE}`,
        params: [new Date(horizonMs).toISOString(), arrayLiteral(held), known],
      });
      let next = horizonMs;
      const now = clock.now();
      for (const row of rows) {
        const timer: TimerRow = {
          shard: Number(row.shard),
          key: String(row.key),
          kind: String(row.kind),
          dueMs: Number(row.due_at),
          ...(row.traceparent === null ? {} : { traceparent: String(row.traceparent) }),
        };
        if (timer.dueMs <= now) fire(timer);
        else next = Math.min(next, timer.dueMs);
      }
      // A full page of due timers hides what comes after it.
      if (rows.length === PAGE) next = Math.min(next, now + 50);
      wakeAt(next);
    } finally {
      sweeping = false;
      if (again) wakeAt(clock.now());
      again = false;
    }
  }

  function fire(timer: TimerRow) {
    const id = `${timer.key} ${timer.kind} ${timer.dueMs}`;
    if (inHand.has(id)) return;
    inHand.add(id);
    deps.push({ kind: "timer", key: timer.key, timer, settle: () => inHand.delete(id) });
  }

  return {
    offer(timers) {
      for (const timer of timers) if (shards.holds(timer.shard)) wakeAt(timer.dueMs);
    },
    sweep,
    stop: () => cancel(),
  };
}
