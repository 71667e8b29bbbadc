/**
 * A module's lane: one loop over one connection that takes whatever has queued while the last batch was in flight.
 * Batches form under load by themselves and cost nothing when idle.
 *
 * Guarantees: what `settle` was called for is committed (handled, skipped or parked); what is not settled is still
 * queued here or in an outbox, a timer or an intent row. A batch that meets a conflict is run again verifying, then in
 * halves; one that meets an unavailable database waits and runs again verifying, for ever; one that the database
 * rejects is halved until the culprit is alone and parked. Commands do not wait for ever: they fail when they expire.
 */

import { DatabaseError } from "../database/port.ts";
import type { Scheduler } from "../scheduler.ts";
import { createAggregateCache } from "./aggregate-cache.ts";
import { type BatchDeps, type BatchRun, runBatch } from "./batch.ts";
import { createBatchQueue } from "./batch-queue.ts";
import type { BatchPlan } from "./decide-batch.ts";
import { type Handlers, handlerName } from "./decide-batch.ts";
import type { Command } from "./decision.ts";
import { createGapAlarm } from "./gap-alarm.ts";
import {
  type CommandOptions,
  type CommandResult,
  commandItem,
  type Item,
  type MessageItem,
  type OutboxRow,
} from "./item.ts";
import type { Log } from "./log.ts";
import { parkRejected } from "./park-rejected.ts";

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

/** Why a command has no answer. `outcome` tells whether it may have had its effect. */
export class CommandUnavailable extends Error {
  constructor(
    readonly outcome: "none" | "unknown",
    message: string,
  ) {
    super(message);
    this.name = "CommandUnavailable";
  }
}

export interface LaneDeps<State, Shared, Ports> extends Omit<BatchDeps<State, Shared, Ports>, "cached" | "handlers" | "shape"> {
  readonly scheduler: Scheduler;
  readonly limits: LaneLimits;
  readonly log: Log;
  /** Called after each commit, before anything is settled. */
  readonly committed: (plan: BatchPlan<State, Shared>) => void;
}

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
  /** Looks again at messages that wait for an earlier number. */
  recheckWaiting(): void;
  start(): void;
  /** Resolves when the batch in flight has ended; what is queued stays undone. */
  stop(): Promise<void>;
  /** Queue lengths, for readiness and metrics. */
  depth(): { readonly queued: number; readonly commands: number; readonly waiting: number };
}

/** Builds the lane of one module. */
export function createLane<State, Shared, Ports>(deps: LaneDeps<State, Shared, Ports>): ModuleLane<State, Shared> {
  const { clock, scheduler, limits, log, messaging } = deps;
  const handlers: Handlers<State, Shared> = {
    messages: new Map(messaging.handlers.map((each) => [handlerName(each.topic, each.type), each])),
    timers: new Map(messaging.timers.map((each) => [each.kind, each])),
    calls: new Map(messaging.calls.map((each) => [each.kind, each])),
  };
  const cache = createAggregateCache<State>();
  const batch: BatchDeps<State, Shared, Ports> = { ...deps, handlers, shape: new Map(), cached: cache.get };
  const queue = createBatchQueue<State, Shared>(clock, limits, messaging.shared !== undefined);
  const waiting = new Map<string, MessageItem[]>();
  const gaps = createGapAlarm(clock, limits.gapAlarmMs, (gap) =>
    log("error", "message.gap", { module: messaging.module, ...gap }),
  );
  let commands = 0;
  let running = false;
  let stopped = false;
  let ended: Promise<void> = Promise.resolve();
  let wake = () => {};

  const isBackground = (item: Item<State, Shared>) =>
    item.kind === "message" &&
    (handlers.messages.get(handlerName(item.envelope.topic, item.envelope.type))?.urgency ?? "background") ===
      "background";

  function push(item: Item<State, Shared>) {
    queue.push(item, isBackground(item));
    wake();
  }

  async function loop() {
    while (!stopped) {
      const waitMs = queue.readyInMs();
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          const cancel = waitMs === Number.POSITIVE_INFINITY ? () => {} : scheduler.after(waitMs, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
        continue;
      }
      const { items, acknowledged, verify } = queue.take();
      await process(items, acknowledged, verify);
    }
  }

  async function process(
    items: readonly Item<State, Shared>[],
    acknowledged: readonly { readonly row: OutboxRow; readonly deleted: () => void }[],
    verify: boolean,
  ): Promise<void> {
    let left = items;
    let verifying = verify;
    for (let attempt = 0; !stopped; attempt++) {
      try {
        const run = await runBatch(
          batch,
          left,
          acknowledged.map(({ row }) => row),
          verifying,
        );
        for (const { deleted } of acknowledged) deleted();
        finish(run, verifying);
        return;
      } catch (error) {
        cache.drop(left);
        const kind = error instanceof DatabaseError ? error.kind : "rejected";
        if (kind === "unavailable") {
          if (attempt === 0) log("warn", "batch.unavailable", { module: messaging.module, error: String(error) });
          left = failHopeless(left, error);
          await scheduler.sleep(limits.retryMs * Math.min(10, attempt + 1));
        } else if (kind === "conflict" && (!verifying || left.length === 1)) {
          if (verifying) await scheduler.sleep(Math.min(limits.retryMs, attempt));
        } else if (left.length > 1) {
          const middle = left.length >> 1;
          await process(left.slice(0, middle), acknowledged, true);
          return process(left.slice(middle), [], true);
        } else {
          const [culprit] = left;
          log("error", "batch.rejected", { module: messaging.module, item: culprit?.kind, error: String(error) });
          if (!culprit || (await parkRejected(deps.lane, culprit, error, clock.now()))) left = [];
          if (left.length === 0 && acknowledged.length === 0) return;
          await scheduler.sleep(limits.retryMs);
        }
        verifying = true;
      }
    }
    for (const item of left)
      if (item.kind === "command") failCommand(item, new CommandUnavailable("unknown", "shutting down"));
  }

  /** Without an idempotency key nobody could tell whether the command was committed; expired ones have no listener. */
  function failHopeless(items: readonly Item<State, Shared>[], error: unknown) {
    const now = clock.now();
    return items.filter((item) => {
      if (item.kind !== "command") return true;
      if (item.idempotency && item.expiresMs > now) return true;
      failCommand(item, new CommandUnavailable("unknown", `the database is not available: ${String(error)}`));
      return false;
    });
  }

  function failCommand(item: Item<State, Shared>, error: unknown) {
    if (item.kind === "command") item.fail(error);
  }

  function finish({ plan, early }: BatchRun<State, Shared>, verified: boolean) {
    cache.keep(plan.working.values());
    for (const letter of plan.deadLetters)
      log("error", "message.parked", {
        module: messaging.module,
        key: letter.key,
        source: letter.source,
        error: letter.error,
      });
    deps.committed(plan);
    for (const settle of plan.afterCommit) settle();
    for (const { item, error } of plan.failed) failCommand(item, error);
    releaseWaiting(plan);
    for (const item of early) {
      if (!verified) queue.pushVerified(item);
      else {
        const name = `${item.envelope.topic} ${item.key}`;
        gaps.waits(item.envelope);
        const others = waiting.get(name);
        if (others) others.push(item);
        else waiting.set(name, [item]);
      }
    }
  }

  function releaseWaiting(plan: BatchPlan<State, Shared>) {
    if (waiting.size === 0) return;
    for (const working of plan.working.values()) {
      if (!working.dirty) continue;
      for (const topic of messaging.subscribes) {
        const name = `${topic} ${working.key}`;
        if (waiting.has(name)) gaps.moved(topic, working.key);
        release(name);
      }
    }
  }

  function release(name: string) {
    const items = waiting.get(name);
    if (!items) return;
    waiting.delete(name);
    items.sort((a, b) => a.envelope.sequence - b.envelope.sequence);
    for (const item of items) queue.pushVerified(item);
    wake();
  }

  return {
    push,
    acknowledge(row, deleted) {
      queue.acknowledge({ row, deleted });
      wake();
    },
    execute(command, key, input, options) {
      return new Promise((resolve, reject) => {
        if (stopped || commands >= limits.commandQueueLimit) {
          reject(new CommandUnavailable("none", stopped ? "shutting down" : "too many requests are waiting"));
          return;
        }
        commands++;
        const finish = (result: Parameters<typeof resolve>[0]) => {
          commands--;
          resolve(result);
        };
        const fail = (error: unknown) => {
          commands--;
          reject(error);
        };
        push(commandItem(command, key, input, options, finish, fail));
      });
    },
    recheckWaiting() {
      for (const name of [...waiting.keys()]) release(name);
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
      for (const item of queue.drain()) failCommand(item, new CommandUnavailable("none", "shutting down"));
      await deps.lane.close();
    },
    depth: () => ({ queued: queue.size(), commands, waiting: waiting.size }),
  };
}
