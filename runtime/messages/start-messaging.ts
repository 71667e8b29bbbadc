/**
 * Puts a module's message core together: lane, relay, timers and calls over one database, and the upkeep that renews
 * its shards and sweeps for what other replicas and earlier lives have left.
 */
import type { Activity } from "../activity/port.ts";
import type { Hints } from "../cache/port.ts";
import type { Clock } from "../clock.ts";
import type { Database } from "../database/port.ts";
import type { Ids } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Metrics } from "../telemetry/metrics/metrics.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { Transport } from "../transport/port.ts";
import type { Stored } from "./aggregate.ts";
import { announceCommits } from "./announce-commits.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { createCalls } from "./calls.ts";
import { createCondition } from "./condition.ts";
import { createLane, type LaneLimits, type LaneLoad, type ModuleLane } from "./lane.ts";
import { aboutKey } from "./log-about.ts";
import { createWorkMeasure } from "./measure-work.ts";
import type { Messaging } from "./messaging.ts";
import { observeMessaging } from "./observe-messaging.ts";
import { createOutrunLetters } from "./outrun-letters.ts";
import { parkUnreadable } from "./park-unreadable.ts";
import { createMeasureRecorder } from "./record-measures.ts";
import { createRelay } from "./relay.ts";
import { createLetterRelease, type LetterRelease } from "./release-letters.ts";
import { createRetention, type Retention } from "./retention.ts";
import { createShards, ofActive } from "./shards.ts";
import { createTimers } from "./timers.ts";
import { traceLane } from "./trace-lane.ts";
import { createUnknownKinds } from "./unknown-kinds.ts";
import { createUpkeep, TIMER_HORIZON_MS } from "./upkeep.ts";

export interface MessagingDeps<State, Ports> {
  readonly database: Database;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly ports: Ports;
  readonly replica: string;
  readonly activity: Activity;
  readonly exclusive: boolean;
  readonly limits: LaneLimits;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** How often rows of other replicas are looked for while there are any. */
  readonly pollMs: number;
  readonly callConcurrency: number;
  readonly retention: Retention;
  /** Null while the module's database answers, else why it does not. */
  readonly condition: (problem: string | null) => void;
  /** Aggregates that this process has just saved. */
  readonly changed: (aggregates: readonly Stored<State>[]) => void;
  /** Keys of aggregates that another replica has just saved. */
  readonly changedElsewhere: (keys: readonly string[]) => void;
  readonly hints: Hints;
  /** Nothing is measured without. */
  readonly metrics?: Metrics | undefined;
}

export interface RunningMessaging<State, Shared> {
  readonly lane: ModuleLane<State, Shared>;
  readonly letters: LetterRelease;
  /** Resolves when the shards have been asked for once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  load(): LaneLoad;
  depth(): { readonly inHand: number; readonly queued: number; readonly commands: number; readonly waiting: number };
}

/** Less than an operator's request waits for the module's answer. */
export const LETTERS_ANSWERED_WITHIN_MS = 15_000;

/** Subscribes the module at once; nothing else runs before `start`. */
export function startMessaging<State, Shared, Ports>(
  messaging: Messaging<State, Shared, Ports>,
  deps: MessagingDeps<State, Ports>,
): RunningMessaging<State, Shared> {
  const { database, clock, scheduler, log } = deps;
  const { module } = messaging;
  const shards = createShards({ ...deps, replica: deps.replica });
  const worked = ofActive(shards, deps.activity);
  const condition = createCondition(clock, deps.condition);
  let stopped = false;
  /** Messages that have not settled, and of which an earlier number was missing when they were looked at. */
  let waiting = 0;

  const recordMeasures =
    deps.metrics &&
    messaging.measures &&
    createMeasureRecorder(messaging.measures, { ...deps, module, metrics: deps.metrics });
  const lane: ModuleLane<State, Shared> = createLane({
    messaging,
    lane: traceLane(database.lane(module), deps.tracer, module),
    clock,
    scheduler,
    ids: deps.ids,
    limits: deps.limits,
    log,
    committed,
    ...(deps.metrics ? { work: createWorkMeasure(messaging, deps.metrics) } : {}),
    uncertain: () => upkeep.lookSoon(),
    condition: condition.committed,
    intents: {
      expect: (intents) => calls.expect(intents),
      withdraw: (intents) => calls.withdraw(intents),
      madeHere: worked.holds,
    },
  });
  const relay = createRelay({
    ...deps,
    module,
    about: ({ topic, key }) =>
      messaging.shared?.topics?.includes(topic) ? { key } : aboutKey(messaging.aggregate, key),
    shards,
    acknowledge: lane.acknowledge,
    inHandLimit: 5000,
  });
  const timers = createTimers({
    ...deps,
    shards: worked,
    kinds: messaging.timers.map(({ kind }) => kind),
    push: lane.push,
    horizonMs: TIMER_HORIZON_MS,
  });
  const calls = createCalls({
    ...deps,
    module,
    aggregate: messaging.aggregate,
    shards: worked,
    handlers: messaging.calls,
    push: lane.push,
    concurrency: deps.callConcurrency,
  });

  function committed(plan: BatchPlan<State, Shared>) {
    recordMeasures?.(plan.changes);
    if (stopped) return;
    relay.offer(plan.outbox);
    timers.offer(plan.timersSet.values());
    calls.offer(plan.intents);
    const changed: Stored<State>[] = [];
    for (const { key, state, version, positions, dirty } of plan.working.values())
      if (dirty && state !== undefined) changed.push({ key, state, version: version + 1, positions });
    if (changed.length > 0) deps.changed(changed);
    // The shard came here while the batch was on its way: a sweep takes these up.
    if (plan.intents.some(({ begun, shard }) => !begun && worked.holds(shard))) upkeep.lookSoon();
    if (shards.alone()) return;
    const rows = [plan.outbox, [...plan.timersSet.values()], plan.intents].flat();
    announcements.committed({
      rows: rows.some(({ shard }) => !shards.holds(shard)),
      keys: changed.map(({ key }) => key),
    });
  }

  const upkeep = createUpkeep({
    ...deps,
    module,
    shards,
    relay,
    calls,
    timers,
    recheckWaiting: lane.recheckWaiting,
    renewed(error) {
      if (error === null) lane.databaseAnswers();
      condition.renewed(error);
    },
    retain: createRetention(database, clock, deps.retention, messaging),
    coverLetters: createOutrunLetters({ database, clock, letGo: lane.letGo }),
    tellUnknown: createUnknownKinds({
      ...deps,
      module,
      shards,
      calls: messaging.calls.map(({ kind }) => kind),
      timers: messaging.timers.map(({ kind }) => kind),
    }),
  });

  deps.activity.onChange(() => {
    if (!stopped) upkeep.activityChanged();
  });

  const announcements = announceCommits({
    ...deps,
    module,
    rowsElsewhere: () => {
      if (!stopped) upkeep.lookSoon();
    },
  });

  if (messaging.subscribes.length > 0)
    deps.transport.subscribe({
      consumer: module,
      topics: messaging.subscribes.map(({ name }) => name),
      deliver: (envelope) =>
        new Promise((resolve) => {
          let hasWaited = false;
          lane.push({
            kind: "message",
            key: envelope.key,
            envelope,
            waits() {
              if (!hasWaited) waiting++;
              hasWaited = true;
            },
            settle(settlement) {
              if (hasWaited) waiting--;
              resolve(settlement);
            },
          });
        }),
      waiting: () => waiting,
      reject(record) {
        const { topic, partition, offset, reason } = record;
        log("error", "message.unreadable", { module, topic, partition, offset, reason });
        const { retryMs } = deps.limits;
        return parkUnreadable({ database, clock, scheduler, retryMs, stopped: () => stopped }, record);
      },
    });

  const letters = createLetterRelease({
    ...deps,
    module,
    aggregate: messaging.aggregate,
    letGo: lane.letGo,
    putBack(timer) {
      upkeep.lookSoon();
      if (timer) timers.offer([timer]);
      else calls.sweep().catch(() => undefined); // the sweep that is owed makes up for it
    },
    answerWithinMs: LETTERS_ANSWERED_WITHIN_MS,
  });

  const depth = () => ({ inHand: relay.inHand(), ...lane.depth() });
  if (deps.metrics) observeMessaging(deps.metrics, { module, database, clock, load: lane.load, depth });

  return {
    lane,
    letters,
    async start() {
      lane.start();
      await upkeep.start();
    },
    async stop() {
      stopped = true;
      letters.stop();
      relay.stop();
      timers.stop();
      calls.stop();
      await lane.stop();
      await upkeep.stop();
      await shards.release().catch((error) => log("warn", "shards.not_released", { module, error: String(error) }));
    },
    load: lane.load,
    depth,
  };
}
