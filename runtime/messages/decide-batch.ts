/**
 * Decides a batch in memory: items in the order they came, each seeing what the earlier ones of its key left.
 *
 * Pure: takes what was loaded and returns everything that the batch's one commit writes. An item that throws changes
 * nothing and is parked; the others go on. The marks decide what a message may do: an older number is skipped, the next
 * one is handled, one that comes too early is held back (`early`).
 */
import type { Ids } from "../ids.ts";
import { NO_POSITIONS, type Positions, type Stored } from "./aggregate.ts";
import type { CallHandler } from "./call.ts";
import type { Decision, DecisionContext, MessageHandler, Prepared, TimerHandler } from "./decision.ts";
import { type Envelope, messageId } from "./envelope.ts";
import type { CommandItem, IdempotencyKey, IntentRow, Item, MessageItem, OutboxRow, TimerRow } from "./item.ts";
import { shardOf } from "./shard.ts";

/** An aggregate as the batch has left it so far. */
export interface Working<State> {
  readonly key: string;
  state: State | undefined;
  positions: Positions;
  /** As loaded; 0 when there is no row yet. */
  readonly version: number;
  /** Marks of a key without a row as they were read (`inbox_mark`), so an insert need not check for them. */
  readonly marksBefore: Positions["in"] | undefined;
  dirty: boolean;
}

export interface DeadLetterRow {
  readonly key: string;
  /** The topic, `timer:<kind>` or `call:<kind>:<id of the intent>`. */
  readonly source: string;
  readonly sequence: number;
  readonly reason: "threw" | "behind" | "rejected";
  readonly error: string;
  readonly message: string;
}

export interface Handlers<State, Shared> {
  readonly messages: ReadonlyMap<string, MessageHandler<State, Shared>>;
  readonly timers: ReadonlyMap<string, TimerHandler<State, Shared>>;
  readonly calls: ReadonlyMap<string, CallHandler<State, Shared, never>>;
}

export const handlerName = (topic: string, type: string) => `${topic} ${type}`;

export interface BatchPlan<State, Shared> {
  readonly working: Map<string, Working<State>>;
  readonly shared: Map<string, Shared>;
  readonly changedShared: Set<string>;
  readonly outbox: OutboxRow[];
  readonly timersSet: Map<string, TimerRow>;
  readonly timersCancelled: Map<string, TimerRow>;
  readonly timersFired: TimerRow[];
  readonly intents: IntentRow[];
  readonly intentsDone: IntentRow[];
  readonly idempotency: IdempotencyKey[];
  readonly entries: Map<string, Readonly<Record<string, unknown>>[]>;
  /** `before`: what the mark must still be (0: there is none), or another replica has handled the message. */
  readonly marks: {
    readonly key: string;
    readonly topic: string;
    readonly before: number;
    readonly sequence: number;
  }[];
  readonly deadLetters: DeadLetterRow[];
  /** Runs after the commit, in order: settles messages, answers commands. */
  readonly afterCommit: (() => void)[];
  readonly early: MessageItem[];
  /** Commands whose decision threw: answered with the error, nothing written. */
  readonly failed: { readonly item: CommandItem<State, Shared>; readonly error: unknown }[];
}

export function emptyPlan<State, Shared>(
  stored: Iterable<Stored<State>>,
  shared: Map<string, Shared>,
): BatchPlan<State, Shared> {
  const working = new Map<string, Working<State>>();
  for (const each of stored)
    working.set(each.key, {
      key: each.key,
      state: each.state,
      positions: each.positions,
      version: each.version,
      marksBefore: undefined,
      dirty: false,
    });
  return {
    working,
    shared,
    changedShared: new Set(),
    outbox: [],
    timersSet: new Map(),
    timersCancelled: new Map(),
    timersFired: [],
    intents: [],
    intentsDone: [],
    idempotency: [],
    entries: new Map(),
    marks: [],
    deadLetters: [],
    afterCommit: [],
    early: [],
    failed: [],
  };
}

export interface BatchContext<State, Shared> {
  readonly producer: string;
  /** Messages parsed already, to learn which shared rows they need. */
  readonly prepared: ReadonlyMap<MessageItem, Prepared<State, Shared>>;
  readonly now: number;
  readonly ids: Ids;
  readonly shared: ReadonlyMap<string, Shared>;
}

interface Cause {
  readonly causationId: string;
  readonly correlationId: string;
  readonly traceparent?: string;
}

const contextOf = <State, Shared>(key: string, batch: BatchContext<State, Shared>): DecisionContext<Shared> => ({
  key,
  now: batch.now,
  ids: batch.ids,
  shared: batch.shared,
});

/** Adds one item to the plan. */
export function decideItem<State, Shared>(
  plan: BatchPlan<State, Shared>,
  item: Item<State, Shared>,
  handlers: Handlers<State, Shared>,
  batch: BatchContext<State, Shared>,
): void {
  const working = workingFor(plan, item.key);
  switch (item.kind) {
    case "message":
      decideMessage(plan, working, item, handlers, batch);
      break;
    case "command":
      decideCommand(plan, working, item, batch);
      break;
    case "timer": {
      const { timer } = item;
      const handler = handlers.timers.get(timer.kind);
      const cause = { causationId: `timer/${item.key}/${timer.kind}`, correlationId: item.key };
      const name = `${timer.key} ${timer.kind}`;
      plan.afterCommit.push(item.settle);
      // An earlier item of this batch has cancelled or moved it.
      if (plan.timersCancelled.has(name) || plan.timersSet.has(name)) return;
      plan.timersFired.push(timer);
      attempt(plan, { source: `timer:${timer.kind}`, key: item.key, message: JSON.stringify(timer) }, () => {
        if (!handler) throw new Error(`no handler for timer ${timer.kind}`);
        apply(plan, working, handler.decide(working.state, contextOf(item.key, batch)), cause, batch);
      });
      break;
    }
    case "outcome": {
      const { intent } = item;
      const handler = handlers.calls.get(intent.kind);
      const cause = { causationId: `call/${intent.id}`, correlationId: item.key };
      plan.intentsDone.push(intent);
      plan.afterCommit.push(item.settle);
      const parked = JSON.stringify({ intent, outcome: item.outcome });
      attempt(plan, { source: callSource(intent), key: item.key, message: parked }, () => {
        if (!handler) throw new Error(`no handler for call ${intent.kind}`);
        const decision = handler.decide(working.state, intent.request, item.outcome, contextOf(item.key, batch));
        apply(plan, working, decision, cause, batch);
      });
    }
  }
}

/** Each outcome is parked under a name of its own: a key may have several calls of a kind under way. */
export const callSource = (intent: IntentRow) => `call:${intent.kind}:${intent.id}`;

function decideMessage<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  item: MessageItem,
  handlers: Handlers<State, Shared>,
  batch: BatchContext<State, Shared>,
): void {
  const { envelope } = item;
  const mark = working.positions.in[envelope.topic] ?? 0;
  if (envelope.sequence <= mark) {
    plan.afterCommit.push(item.settle);
    return;
  }
  if (envelope.sequence > mark + 1) {
    plan.early.push(item);
    return;
  }
  const handler = handlers.messages.get(handlerName(envelope.topic, envelope.type));
  const cause: Cause = {
    causationId: messageId(envelope),
    correlationId: envelope.correlationId,
    ...(envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent }),
  };
  try {
    if (handler) {
      const prepared = batch.prepared.get(item) ?? handler.prepare(envelope.data);
      const decision = prepared.decide(working.state, contextOf(item.key, batch));
      apply(plan, working, decision, cause, batch);
    }
    working.positions = {
      in: { ...working.positions.in, [envelope.topic]: envelope.sequence },
      out: working.positions.out,
    };
    working.dirty = true;
  } catch (error) {
    plan.deadLetters.push(deadLetterOf(envelope, "threw", error));
  }
  plan.afterCommit.push(item.settle);
}

/** A message as it is kept when it cannot be handled now. */
export const deadLetterOf = (envelope: Envelope, reason: DeadLetterRow["reason"], error: unknown): DeadLetterRow => ({
  key: envelope.key,
  source: envelope.topic,
  sequence: envelope.sequence,
  reason,
  error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  message: JSON.stringify(envelope),
});

function decideCommand<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  item: CommandItem<State, Shared>,
  batch: BatchContext<State, Shared>,
): void {
  const twin = item.idempotency && plan.idempotency.find((each) => each.scope === item.idempotency?.scope);
  if (twin) {
    plan.afterCommit.push(twin.bodyHash === item.idempotency?.bodyHash ? () => item.replayed(twin) : item.keyReused);
    return;
  }
  try {
    const { decision, decided } = item.decide(working.state, contextOf(item.key, batch));
    const cause: Cause = {
      causationId: item.correlationId,
      correlationId: item.correlationId,
      ...(item.traceparent === undefined ? {} : { traceparent: item.traceparent }),
    };
    apply(plan, working, decision, cause, batch);
    if (decision.state !== undefined && item.idempotency) plan.idempotency.push(item.idempotency);
    plan.afterCommit.push(decided);
  } catch (error) {
    plan.failed.push({ item, error });
  }
}

function workingFor<State, Shared>(plan: BatchPlan<State, Shared>, key: string): Working<State> {
  let working = plan.working.get(key);
  if (!working) {
    working = { key, state: undefined, positions: NO_POSITIONS, version: 0, marksBefore: undefined, dirty: false };
    plan.working.set(key, working);
  }
  return working;
}

function attempt<State, Shared>(
  plan: BatchPlan<State, Shared>,
  letter: Pick<DeadLetterRow, "source" | "key" | "message">,
  decide: () => void,
): void {
  try {
    decide();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    plan.deadLetters.push({ ...letter, sequence: 0, reason: "threw", error: text });
  }
}

/** Takes a decision into the plan; throws before it changed anything. */
function apply<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  decision: Decision<State, Shared>,
  cause: Cause,
  batch: BatchContext<State, Shared>,
): void {
  const { key } = working;
  const shard = shardOf(key);
  const state = decision.state ?? working.state;
  const messages = decision.messages ?? [];
  if (messages.length > 0 && state === undefined)
    throw new Error(`a decision on ${key} sends messages but has no aggregate to count them on`);

  if (decision.state !== undefined) {
    working.state = decision.state;
    working.dirty = true;
  }
  if (messages.length > 0) {
    const out = { ...working.positions.out };
    for (const each of messages) {
      const sequence = (out[each.topic] ?? 0) + 1;
      out[each.topic] = sequence;
      const envelope: Envelope = { ...each, key, sequence, producer: batch.producer, timeMs: batch.now, ...cause };
      plan.outbox.push({ shard, envelope, message: encodeMessage(envelope) });
    }
    working.positions = { in: working.positions.in, out };
    working.dirty = true;
  }
  for (const { kind, dueMs } of decision.setTimers ?? []) {
    plan.timersCancelled.delete(`${key} ${kind}`);
    plan.timersSet.set(`${key} ${kind}`, { shard, key, kind, dueMs });
  }
  for (const kind of decision.cancelTimers ?? []) {
    plan.timersSet.delete(`${key} ${kind}`);
    plan.timersCancelled.set(`${key} ${kind}`, { shard, key, kind, dueMs: 0 });
  }
  for (const each of decision.calls ?? []) plan.intents.push({ shard, id: batch.ids.next(), key, ...each });
  for (const { table, row } of decision.entries ?? []) {
    const rows = plan.entries.get(table);
    if (rows) rows.push(row);
    else plan.entries.set(table, [row]);
  }
  for (const [sharedKey, value] of decision.shared ?? []) {
    plan.shared.set(sharedKey, value);
    plan.changedShared.add(sharedKey);
  }
}

/** The outbox row's `message`: all of the envelope that its own columns do not say. */
function encodeMessage(envelope: Envelope): string {
  const { type, producer, timeMs, causationId, correlationId, traceparent } = envelope;
  const head = JSON.stringify({ type, producer, timeMs, causationId, correlationId, traceparent });
  return `${head.slice(0, -1)},"data":${envelope.data}}`;
}

/** The envelope of an outbox row as it was read back. */
export function decodeMessage(row: {
  readonly topic: string;
  readonly key: string;
  readonly sequence: number;
  readonly message: string;
}): Envelope {
  // Written by `encodeMessage` only.
  const { data, ...head } = JSON.parse(row.message) as Omit<Envelope, "topic" | "key" | "sequence" | "data"> & {
    data: unknown;
  };
  return { ...head, topic: row.topic, key: row.key, sequence: row.sequence, data: JSON.stringify(data) };
}

/** Marks of keys that have no aggregate row after the batch; the others ride in their row. */
export function collectMarks<State, Shared>(plan: BatchPlan<State, Shared>): void {
  for (const working of plan.working.values())
    if (working.dirty && working.state === undefined)
      for (const [topic, sequence] of Object.entries(working.positions.in)) {
        const before = working.marksBefore?.[topic] ?? 0;
        if (sequence > before) plan.marks.push({ key: working.key, topic, before, sequence });
      }
}
