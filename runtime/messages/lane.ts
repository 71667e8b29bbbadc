/**
 * A module's lane: one loop over one connection that takes whatever has queued while the last batch was in flight.
 * Batches form under load by themselves and cost nothing when idle.
 *
 * Guarantees: what `settle` was called for is committed (handled, skipped or parked); what is not settled is still
 * queued here or in an outbox, a timer or an intent row. How a batch that does not commit is retried: commit-batch.ts.
 */

import type { Log } from "../log.ts";
import type { Scheduler } from "../scheduler.ts";
import { aboutTrace } from "../telemetry/logs/about-trace.ts";
import { createAggregateCache } from "./aggregate-cache.ts";
import type { BatchDeps, BatchRun } from "./batch.ts";
import type { BatchPlan } from "./batch-plan.ts";
import { createBatchQueue } from "./batch-queue.ts";
import { CommandUnavailable } from "./command-unavailable.ts";
import { type CommitDeps, commitBatch } from "./commit-batch.ts";
import { isDiskFull } from "./condition.ts";
import type { Command } from "./decision.ts";
import { createEarlyMessages } from "./early-messages.ts";
import { handlerName, handlersOf } from "./handlers.ts";
import {
  type CommandOptions,
  type CommandResult,
  commandItem,
  type Item,
  type MessageItem,
  type OutboxRow,
} from "./item.ts";
import { aboutKey } from "./log-about.ts";
import type { WorkMeasure } from "./measure-work.ts";
import type { TracedLane } from "./trace-lane.ts";

export interface LaneLimits {
  readonly batchLimit: number;
  readonly backgroundDelayMs: number;
  readonly ackDelayMs: number;
  /** Commands beyond it are refused at once: the caller answers 503 with Retry-After. */
  readonly commandQueueLimit: number;
  readonly retryMs: number;
  /** How long a message may wait for an earlier number before that is reported. */
  readonly gapAlarmMs: number;
}

export const DEFAULT_LANE_LIMITS: LaneLimits = {
  batchLimit: 200,
  backgroundDelayMs: 25,
  ackDelayMs: 25,
  commandQueueLimit: 2000,
  retryMs: 100,
  gapAlarmMs: 30_000,
};

export interface LaneDeps<State, Shared, Ports>
  extends Omit<BatchDeps<State, Shared, Ports>, "cached" | "handlers" | "shape" | "lane"> {
  readonly lane: TracedLane;
  readonly scheduler: Scheduler;
  readonly limits: LaneLimits;
  readonly log: Log;
  /** Called after each commit, before anything is settled. */
  readonly committed: (plan: BatchPlan<State, Shared>) => void;
  readonly work?: WorkMeasure<State, Shared>;
  /** A commit's answer was lost: what it wrote, if it did, was not announced by `committed`. */
  readonly uncertain: () => void;
  /** Null when the database works for batches, else why it could not commit one. */
  readonly condition: (error: unknown) => void;
}

export interface LaneLoad {
  /** Work on the customer's path that waits for its turn or is being done. */
  readonly underWay: number;
  /** For how long there has been more work under way than batches hold. */
  readonly backlogMs: number;
}

export const NO_LOAD: LaneLoad = { underWay: 0, backlogMs: 0 };

export interface ModuleLane<State, Shared> {
  push(item: Item<State, Shared>): void;
  /** An outbox row that may be deleted: it rides on the next batch. */
  acknowledge(row: OutboxRow, deleted: () => void): void;
  /** Runs a command; rejects with `CommandUnavailable`, or with what its decision threw (a bug). */
  execute<Input, Answer>(
    command: Command<State, Shared, Input, Answer>,
    key: string,
    input: Input,
    options: CommandOptions,
  ): Promise<CommandResult<Answer>>;
  /** Dead letters of one topic and key, in order. They are looked at with nothing taken on trust. */
  letGo(letters: readonly MessageItem[]): void;
  /** Looks again at messages that wait for an earlier number. */
  recheckWaiting(): void;
  /** The database has answered somebody else: an outage that left nothing to be tried again is over. */
  databaseAnswers(): void;
  start(): void;
  /** Resolves when the batch in flight has ended; what is queued stays undone. */
  stop(): Promise<void>;
  /** What admission control looks at; nothing while the database is away, which is no load. */
  load(): LaneLoad;
  /** Queue lengths, for readiness and metrics. */
  depth(): { readonly queued: number; readonly commands: number; readonly waiting: number };
}

const NOTHING = () => undefined;
/** How long a command waits for a database that commits nothing: a restart is sat out, a longer outage is answered. */
const OUTAGE_PATIENCE_MS = 2_000;

/** Builds the lane of one module. */
export function createLane<State, Shared, Ports>(deps: LaneDeps<State, Shared, Ports>): ModuleLane<State, Shared> {
  const { clock, scheduler, limits, log, messaging } = deps;
  const handlers = handlersOf(messaging);
  const cache = createAggregateCache<State>();
  const batch: BatchDeps<State, Shared, Ports> = { ...deps, handlers, shape: new Map(), cached: cache.get };
  const queue = createBatchQueue<State, Shared>(clock, limits, messaging.shared !== undefined);
  const early = createEarlyMessages({
    clock,
    alarmMs: limits.gapAlarmMs,
    topics: messaging.subscribes.map(({ name }) => name),
    report: ({ topic, key, sequence, traceparent }) =>
      log("error", "message.gap", {
        module: messaging.module,
        ...aboutKey(messaging.aggregate, key),
        ...aboutTrace(traceparent),
        topic,
        waitingSequence: sequence,
      }),
  });
  const begun = new WeakSet<object>();
  const expired = new WeakSet<object>();
  /** Not yet answered, or expired and not yet out of the queue: so an outage cannot make the queue grow. */
  let commands = 0;
  const unanswered = new Set<(why: string) => void>();
  /** A batch is in flight or being tried again. */
  let busy = false;
  let running = false;
  let stopped = false;
  let ended: Promise<void> = Promise.resolve();
  let wake: () => void = NOTHING;
  /** Since when the database has not done what was asked of it, and why it could not; null while it does. */
  let outage: { readonly sinceMs: number; readonly diskFull: boolean } | null = null;

  const isBackground = (item: Item<State, Shared>) =>
    item.kind === "message" &&
    (handlers.messages.get(handlerName(item.envelope.topic, item.envelope.type))?.urgency ?? "background") ===
      "background";

  function push(item: Item<State, Shared>) {
    deps.work?.arrived(item);
    queue.push(item, isBackground(item));
    wake();
  }

  const commit: CommitDeps<State, Shared, Ports> = {
    batch,
    clock,
    scheduler,
    log,
    retryMs: limits.retryMs,
    about: deps.lane.about,
    stopped: () => stopped,
    forget: cache.drop,
    uncertain: deps.uncertain,
    unavailable(error) {
      if (outage === null) log("warn", "batch.unavailable", { module: messaging.module, error: String(error) });
      outage = { sinceMs: outage?.sinceMs ?? clock.now(), diskFull: isDiskFull(error) };
      deps.condition(error);
      if (outOfPatience()) for (const giveUp of [...unanswered]) giveUp("the database takes no commits now");
    },
    outOfPatience,
    committed: finish,
    rejected: (item) => deps.work?.rejected(item),
  };

  function outOfPatience() {
    return outage !== null && clock.now() - outage.sinceMs >= OUTAGE_PATIENCE_MS;
  }

  /** The database did what was asked of it. On a full disk it still reads and deletes: only a write tells of room. */
  function works(wrote: boolean) {
    if (outage?.diskFull && !wrote) return;
    if (outage !== null) log("info", "batch.available", { module: messaging.module });
    outage = null;
    deps.condition(null);
  }

  /** Why no command is taken now, or null. In an outage only while another batch is being tried: somebody must try. */
  function refuses(): string | null {
    if (stopped) return "shutting down";
    if (commands >= limits.commandQueueLimit) return "too many requests are waiting";
    return busy && outOfPatience() ? "the database takes no commits now" : null;
  }

  /** A command whose caller has been told that nothing happened is not begun any more. */
  function begins(item: Item<State, Shared>): boolean {
    if (item.kind !== "command") return true;
    if (!expired.has(item)) {
      begun.add(item);
      return true;
    }
    item.fail(new CommandUnavailable("none", "the command expired"));
    return false;
  }

  async function loop() {
    while (!stopped) {
      const waitMs = queue.readyInMs();
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          const cancel = waitMs === Number.POSITIVE_INFINITY ? NOTHING : scheduler.after(waitMs, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
        continue;
      }
      const { items, acknowledged, verify } = queue.take();
      busy = true;
      await commitBatch(commit, items.filter(begins), acknowledged, verify);
      queue.settled();
      busy = false;
    }
  }

  function finish(run: BatchRun<State, Shared>, verified: boolean) {
    const { plan, early: cameEarly, written, answered } = run;
    deps.work?.committed(run);
    cache.keep(plan.working.values());
    if (answered) works(written);
    for (const { key, source, error, traceparent } of plan.deadLetters)
      log("error", "message.parked", {
        module: messaging.module,
        ...aboutKey(messaging.aggregate, key),
        ...aboutTrace(traceparent),
        source,
        error,
      });
    deps.committed(plan);
    for (const settle of plan.afterCommit) settle();
    for (const { item, error } of plan.failed) item.fail(error);
    for (const item of early.readyAfter(plan)) queue.pushVerified(item);
    for (const item of cameEarly) {
      if (verified) early.hold(item);
      else queue.pushVerified(item);
    }
  }

  return {
    push,
    acknowledge(row, deleted) {
      queue.acknowledge({ row, deleted });
      wake();
    },
    execute(command, key, input, options) {
      return new Promise((resolve, reject) => {
        const refusal = refuses();
        if (refusal !== null) return reject(new CommandUnavailable("none", refusal));
        commands++;
        const over = () => {
          cancel();
          unanswered.delete(giveUp);
          commands--;
        };
        const finish = (result: Parameters<typeof resolve>[0]) => {
          over();
          resolve(result);
        };
        const fail = (error: unknown) => {
          over();
          reject(error);
        };
        const item = commandItem(command, key, input, options, finish, fail);
        const giveUp = (why: string) => {
          cancel();
          unanswered.delete(giveUp);
          if (!begun.has(item)) expired.add(item);
          reject(new CommandUnavailable(begun.has(item) ? "unknown" : "none", why));
        };
        const cancel = scheduler.after(Math.max(0, options.expiresMs - clock.now()), () =>
          giveUp("there was no answer in time"),
        );
        unanswered.add(giveUp);
        push(item);
      });
    },
    letGo(letters) {
      for (const item of letters) {
        deps.work?.arrived(item);
        queue.pushVerified(item);
      }
      wake();
    },
    recheckWaiting() {
      for (const item of early.takeDue()) queue.pushVerified(item);
      wake();
    },
    databaseAnswers() {
      // While a batch is being tried, it alone tells: what others are answered does not help it.
      if (!busy) works(false);
    },
    start() {
      if (running) return;
      running = true;
      ended = loop();
    },
    async stop() {
      stopped = true;
      wake();
      await ended;
      for (const item of queue.drain())
        if (item.kind === "command") item.fail(new CommandUnavailable("none", "shutting down"));
      await deps.lane.close();
    },
    load: () => (outage === null ? { underWay: queue.underWay(), backlogMs: queue.backlogMs() } : NO_LOAD),
    depth: () => ({ queued: queue.size(), commands, waiting: early.size() }),
  };
}
