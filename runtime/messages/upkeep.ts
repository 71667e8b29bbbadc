/**
 * What keeps a module going beside its lane, in two loops. One renews the lease and does nothing else, so that no slow
 * statement can let it lapse. The other looks for work in the tables that no commit of this process announced: after
 * shards were taken, after a commit whose answer was lost, all the time while other replicas are alive, and now and
 * then in any case. A round that fails is made up for by the next one.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Calls } from "./calls.ts";
import { type CutPause, createCutPause } from "./cut-pause.ts";
import { probe } from "./probe.ts";
import type { Relay } from "./relay.ts";
import type { Shards } from "./shards.ts";
import type { Timers } from "./timers.ts";

export interface UpkeepDeps {
  readonly module: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly shards: Shards;
  readonly relay: Relay;
  readonly calls: Calls;
  readonly timers: Timers;
  readonly renewMs: number;
  /** How often it is asked whether a sweep is owed, while there is work or there are other replicas, who always owe one. */
  readonly pollMs: number;
  /** Looks again at messages that wait for an earlier number; each look reads them all, so it is no oftener than a renewal. */
  readonly recheckWaiting: () => void;
  readonly retain: () => Promise<void>;
  /** Tells of work of the held shards that this version does not know. */
  readonly tellUnknown: () => Promise<void>;
  /** Takes away letters whose message has been handled since. */
  readonly coverLetters: () => Promise<void>;
  /** Null when the last renewal went well, else why it did not. */
  readonly renewed: (error: unknown) => void;
}

export interface Upkeep {
  /** Resolves when the shards have been asked for and swept once. */
  start(): Promise<void>;
  /** There may be work in the tables that nobody has announced: it is looked for without waiting for the next poll. */
  lookSoon(): void;
  /** This replica takes part, or stands by, from now on: its share of the shards is another one, and so is its work. */
  activityChanged(): void;
  stop(): Promise<void>;
}

/** Timers that come due within it are known before they are due; more than the pause of a slow sweep. */
export const TIMER_HORIZON_MS = 30_000;
/**
 * A replica that is alone sweeps this seldom: a frozen one that was taken for dead may have committed a last batch into
 * shards that are no longer its own, and nobody else would find it.
 */
const SLOW_SWEEP_MS = 10_000;
/** How often a replica that is alone and has no work looks up: whoever makes work for it cuts the pause. */
const QUIET_POLL_MS = 500;
/** Pause after a round that failed: a lease that lapsed meanwhile is to be had again as soon as the database is back. */
const RETRY_MS = 100;
/** Other replicas under load tell of work with every few commits; each look reads what is in the tables. */
const LEAST_PAUSE_MS = 10;

export function createUpkeep(deps: UpkeepDeps): Upkeep {
  const { clock, scheduler, shards, relay, calls, timers } = deps;
  let owed = true;
  let sweptMs = 0;
  let recheckedMs = clock.now();
  let stopped = false;
  const underWay = new Set<Promise<void>>();

  const lookPause = createCutPause({ clock, scheduler, leastMs: LEAST_PAUSE_MS });
  const renewPause = createCutPause({ clock, scheduler, leastMs: 0 });

  function lookSoon() {
    owed = true;
    lookPause.cut();
  }

  async function renew() {
    try {
      if ((await shards.renew()).length > 0) owed = true;
      deps.renewed(null);
    } catch (error) {
      deps.renewed(error);
      throw error;
    }
  }

  async function renewAndTell() {
    await renew();
    if (owed) lookPause.cut();
  }

  async function sweep() {
    owed = false;
    try {
      const pending = await probe(deps.database, shards.held(), clock.now() + TIMER_HORIZON_MS);
      await Promise.all([
        pending.outbox ? relay.sweep() : undefined,
        pending.calls ? calls.sweep() : undefined,
        pending.timers ? timers.sweep() : undefined,
      ]);
      sweptMs = clock.now();
    } catch (error) {
      owed = true;
      throw error;
    }
  }

  async function look() {
    const sinceRecheckMs = clock.now() - recheckedMs;
    // Less than nothing: the clock was set back.
    if (sinceRecheckMs >= deps.renewMs || sinceRecheckMs < 0) {
      recheckedMs = clock.now();
      deps.recheckWaiting();
    }
    if (owed || !shards.alone() || clock.now() >= sweptMs + SLOW_SWEEP_MS) await sweep();
    else if (relay.behind()) await relay.sweep();
    const ofFirstShard = shards.holds(0) ? [deps.retain(), deps.coverLetters()] : [];
    // What fails in one of them for good must not keep the others from being done.
    const results = await Promise.allSettled([deps.tellUnknown(), ...ofFirstShard]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  const isQuiet = () => !owed && shards.alone() && !relay.behind() && relay.inHand() === 0;
  const untilLookMs = () => (isQuiet() ? Math.max(deps.pollMs, QUIET_POLL_MS) : deps.pollMs);

  async function every(pauseMs: () => number, round: () => Promise<void>, pause: CutPause) {
    let failing = false;
    for (;;) {
      await pause.wait(failing ? Math.min(pauseMs(), RETRY_MS) : pauseMs());
      if (stopped) return;
      const current = round().then(
        () => {
          failing = false;
        },
        (error) => {
          // Once an outage: it is tried again too often to be told each time.
          if (!failing) deps.log("warn", "upkeep.failed", { module: deps.module, error: String(error) });
          failing = true;
        },
      );
      underWay.add(current);
      await current;
      underWay.delete(current);
    }
  }

  return {
    async start() {
      await renew();
      await sweep();
      every(() => deps.renewMs, renewAndTell, renewPause);
      every(untilLookMs, look, lookPause);
    },
    lookSoon,
    activityChanged() {
      renewPause.cut();
      // Shards that it keeps have timers and calls that it has passed over until now.
      lookSoon();
    },
    async stop() {
      stopped = true;
      await Promise.all(underWay);
    },
  };
}
