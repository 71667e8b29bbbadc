/**
 * Puts a module's message core together: lane, relay, timers and calls over one database, and the upkeep that renews
 * its shards and sweeps for what other replicas and earlier lives have left.
 */
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import type { Ids } from "../ids.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Transport } from "../transport/port.ts";
import type { Stored } from "./aggregate.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { createCalls } from "./calls.ts";
import { createLane, type LaneLimits, type ModuleLane } from "./lane.ts";
import type { Log } from "./log.ts";
import type { Messaging } from "./messaging.ts";
import { probe } from "./probe.ts";
import { createRelay } from "./relay.ts";
import { createRetention, type Retention } from "./retention.ts";
import { createShards } from "./shards.ts";
import { createTimers } from "./timers.ts";

export interface MessagingDeps<State, Ports> {
  readonly database: Database;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly log: Log;
  readonly ports: Ports;
  readonly replica: string;
  readonly exclusive: boolean;
  readonly limits: LaneLimits;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** How often rows of other replicas are looked for while there are any. */
  readonly pollMs: number;
  readonly callTimeoutMs: number;
  readonly callConcurrency: number;
  readonly retention: Retention;
  /** Aggregates that this process has just saved. */
  readonly changed: (aggregates: readonly Stored<State>[]) => void;
}

export interface RunningMessaging<State, Shared> {
  readonly lane: ModuleLane<State, Shared>;
  /** Resolves when the shards have been asked for once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  depth(): { readonly inHand: number; readonly queued: number; readonly commands: number; readonly waiting: number };
}

/**
 * A replica that is alone sweeps this seldom: a frozen one that was taken for dead may have committed a last batch into
 * shards that are no longer its own, and nobody else would find it.
 */
const SLOW_SWEEP_MS = 10_000;
/** Timers that come due within it are known before they are due; more than a slow sweep's pause. */
const TIMER_HORIZON_MS = 30_000;

/** Subscribes the module at once; nothing else runs before `start`. */
export function startMessaging<State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
  deps: MessagingDeps<State, Ports>,
): RunningMessaging<State, Shared> {
  const { database, clock, scheduler, log } = deps;
  const { module } = messaging;
  const shards = createShards({ ...deps, replica: deps.replica });
  let stopped = false;

  const lane: ModuleLane<State, Shared> = createLane({
    messaging,
    lane: database.lane(module),
    clock,
    scheduler,
    ids: deps.ids,
    limits: deps.limits,
    log,
    committed,
  });
  const relay = createRelay({ ...deps, module, shards, acknowledge: lane.acknowledge, inHandLimit: 5000 });
  const timers = createTimers({ database, shards, clock, scheduler, push: lane.push, horizonMs: TIMER_HORIZON_MS });
  const calls = createCalls({
    ...deps,
    module,
    shards,
    handlers: messaging.calls,
    push: lane.push,
    timeoutMs: deps.callTimeoutMs,
    concurrency: deps.callConcurrency,
  });

  const retain = createRetention(database, clock, deps.retention);

  function committed(plan: BatchPlan<State, Shared>) {
    if (stopped) return;
    relay.offer(plan.outbox);
    timers.offer(plan.timersSet.values());
    calls.offer(plan.intents);
    const changed: Stored<State>[] = [];
    for (const { key, state, version, positions, dirty } of plan.working.values())
      if (dirty && state !== undefined) changed.push({ key, state, version: version + 1, positions });
    if (changed.length > 0) deps.changed(changed);
  }

  async function sweep() {
    const pending = await probe(database, shards.held(), clock.now() + TIMER_HORIZON_MS);
    await Promise.all([
      pending.outbox ? relay.sweep() : undefined,
      pending.calls ? calls.sweep() : undefined,
      pending.timers ? timers.sweep() : undefined,
    ]);
  }

  let renewedMs = 0;
  let sweptMs = 0;
  /** Shards were taken and not yet swept with success. */
  let sweepOwed = false;
  async function upkeep() {
    if (clock.now() >= renewedMs + deps.renewMs) {
      if ((await shards.renew()).length > 0) sweepOwed = true;
      renewedMs = clock.now();
      lane.recheckWaiting();
      if (shards.holds(0)) await retain();
    }
    if (sweepOwed || !shards.alone() || clock.now() >= sweptMs + SLOW_SWEEP_MS) {
      sweepOwed = true;
      await sweep();
      sweepOwed = false;
      sweptMs = clock.now();
    } else if (relay.behind()) await relay.sweep();
  }

  let current: Promise<void> = Promise.resolve();
  async function loop() {
    while (!stopped) {
      await scheduler.sleep(shards.alone() ? deps.renewMs : deps.pollMs);
      if (stopped) return;
      current = upkeep().catch((error) => log("warn", "upkeep.failed", { module, error: String(error) }));
      await current;
    }
  }

  for (const topic of messaging.subscribes)
    deps.transport.subscribe({
      consumer: module,
      topics: [topic],
      deliver: (envelope) =>
        new Promise((settle) => lane.push({ kind: "message", key: envelope.key, envelope, settle })),
    });

  return {
    lane,
    async start() {
      lane.start();
      await upkeep();
      loop();
    },
    async stop() {
      stopped = true;
      relay.stop();
      timers.stop();
      calls.stop();
      await lane.stop();
      await current;
      await shards.release().catch((error) => log("warn", "shards.not_released", { module, error: String(error) }));
    },
    depth: () => ({ inHand: relay.inHand(), ...lane.depth() }),
  };
}
