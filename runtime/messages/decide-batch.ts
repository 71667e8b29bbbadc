/**
 * Decides a batch in memory: items in the order they came, each seeing what the earlier ones of its key left.
 *
 * Pure: takes what was loaded and returns everything that the batch's one commit writes. An item that throws changes
 * nothing and is parked; the others go on. The marks decide what a message may do: an older number is skipped, the next
 * one is handled, one that comes too early is held back (`early`). A dead letter that is let go obeys the same marks,
 * and its row goes away with its number.
 */

import { errorText } from "../error-text.ts";
import type { Ids } from "../ids.ts";
import { invariant } from "../invariant.ts";
import { clearedError } from "../personal-data.ts";
import {
  type BatchPlan,
  callSource,
  type DeadLetterRow,
  deadLetterOf,
  type Working,
  workingFor,
} from "./batch-plan.ts";
import type { OutgoingMessage, Topic } from "./contract.ts";
import type { Decision, DecisionContext, DecisionInvariants, Prepared } from "./decision.ts";
import { type Envelope, messageId } from "./envelope.ts";
import { type Handlers, handlerName } from "./handlers.ts";
import type { CommandItem, Item, MessageItem } from "./item.ts";
import { encodeMessage } from "./outbox-message.ts";
import { shardOf } from "./shard.ts";

export interface BatchContext<State, Shared> {
  readonly producer: string;
  /** Dead letters among the items that an operator has discarded: their number is passed over. */
  readonly discarded: ReadonlySet<MessageItem>;
  /** Messages parsed already, to learn which shared rows they need. */
  readonly prepared: ReadonlyMap<MessageItem, Prepared<State, Shared>>;
  readonly now: number;
  readonly ids: Ids;
  /** Whether this process makes the calls of a shard, and so begins them at once. */
  readonly callsHere: (shard: number) => boolean;
  readonly shared: ReadonlyMap<string, Shared>;
  readonly invariants?: DecisionInvariants<State, Shared> | undefined;
  /** The module wants to know what each decision has changed. */
  readonly isMeasured?: boolean;
}

interface Cause {
  readonly causationId: string;
  readonly correlationId: string;
  readonly traceparent?: string;
}

const UNTRACED = {};

/** What is set off goes on with the trace of what set it off. */
const tracedBy = ({ traceparent }: { readonly traceparent?: string }): Pick<Cause, "traceparent"> =>
  traceparent === undefined ? UNTRACED : { traceparent };

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
      decideCommand(plan, working, item, handlers.sends, batch);
      break;
    case "timer": {
      const { timer } = item;
      const handler = handlers.timers.get(timer.kind);
      const cause = { causationId: `timer/${item.key}/${timer.kind}`, correlationId: item.key, ...tracedBy(timer) };
      const name = `${timer.key} ${timer.kind}`;
      plan.afterCommit.push(item.settle);
      // An earlier item of this batch has cancelled or moved it.
      if (plan.timersCancelled.has(name) || plan.timersSet.has(name)) return;
      plan.timersFired.push(timer);
      attempt(
        plan,
        { source: `timer:${timer.kind}`, key: item.key, message: JSON.stringify(timer) },
        working.state,
        () => {
          if (!handler) throw new Error(`no handler for timer ${timer.kind}`);
          apply(plan, working, handler.decide(working.state, contextOf(item.key, batch)), cause, batch, handlers.sends);
        },
      );
      break;
    }
    case "outcome": {
      const { intent } = item;
      const handler = handlers.calls.get(intent.kind);
      const cause = { causationId: `call/${intent.id}`, correlationId: item.key, ...tracedBy(intent) };
      plan.intentsDone.push(intent);
      plan.afterCommit.push(item.settle);
      const parked = JSON.stringify({ intent, outcome: item.outcome });
      attempt(plan, { source: callSource(intent), key: item.key, message: parked }, working.state, () => {
        if (!handler) throw new Error(`no handler for call ${intent.kind}`);
        const decision = handler.decide(working.state, intent.request, item.outcome, contextOf(item.key, batch));
        apply(plan, working, decision, cause, batch, handlers.sends);
      });
    }
  }
}

function decideMessage<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  item: MessageItem,
  handlers: Handlers<State, Shared>,
  batch: BatchContext<State, Shared>,
): void {
  const { envelope, letter } = item;
  const name = { key: item.key, source: envelope.topic, sequence: envelope.sequence };
  const mark = working.positions.in[envelope.topic] ?? 0;
  if (envelope.sequence <= mark) {
    if (letter) plan.lettersCovered.push(name);
    plan.afterCommit.push(item.settle);
    return;
  }
  if (letter?.kind === "cover") {
    plan.afterCommit.push(item.settle);
    return;
  }
  if (envelope.sequence > mark + 1) {
    if (!letter) {
      plan.early.push(item);
      return;
    }
    if (letter.kind === "discard") plan.lettersDiscarded.push({ ...name, reason: letter.reason });
    plan.afterCommit.push(item.settle);
    return;
  }
  const handler = handlers.messages.get(handlerName(envelope.topic, envelope.type));
  const cause: Cause = {
    causationId: messageId(envelope),
    correlationId: envelope.correlationId,
    ...tracedBy(envelope),
  };
  try {
    const discarded = batch.discarded.has(item);
    if (!handler && !discarded && letter?.kind !== "discard") requireKnownType(envelope, handlers.subscribes);
    if (handler && !discarded && letter?.kind !== "discard") {
      const prepared = batch.prepared.get(item) ?? handler.prepare(envelope.data);
      const decision = prepared.decide(working.state, contextOf(item.key, batch));
      apply(plan, working, decision, cause, batch, handlers.sends);
    }
    working.positions = {
      in: { ...working.positions.in, [envelope.topic]: envelope.sequence },
      out: working.positions.out,
    };
    working.dirty = true;
    if (letter) plan.lettersReleased.push({ ...name, discarded });
  } catch (error) {
    plan.deadLetters.push(deadLetterOf(envelope, "threw", error, working.state));
    plan.afterCommit.push(() => item.settle("parked"));
    return;
  }
  plan.afterCommit.push(item.settle);
}

/** What the contract does not name may be meant for this module by a newer one: it is kept, not passed over. */
function requireKnownType({ topic, type }: Envelope, subscribes: ReadonlyMap<string, Topic>): void {
  if (subscribes.get(topic)?.types.has(type)) return;
  throw new Error(
    `${topic} has no type ${type} in this version: run one that knows it, then replay this, or discard it`,
  );
}

function decideCommand<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  item: CommandItem<State, Shared>,
  sends: ReadonlySet<string>,
  batch: BatchContext<State, Shared>,
): void {
  const twin = item.idempotency && plan.idempotency.find((each) => each.scope === item.idempotency?.scope);
  if (twin) {
    plan.afterCommit.push(twin.bodyHash === item.idempotency?.bodyHash ? () => item.replayed(twin) : item.keyReused);
    return;
  }
  try {
    const before = working.state;
    const { decision, decided } = item.decide(before, contextOf(item.key, batch));
    const cause: Cause = { causationId: item.key, correlationId: item.key, ...tracedBy(item) };
    apply(plan, working, decision, cause, batch, sends);
    if (isAccepted(decision) && item.idempotency) plan.idempotency.push(item.idempotency);
    // What was as it was asked for has not been changed by who asks.
    const isChanged = isAccepted(decision) && (decision.state !== before || decision.shared !== undefined);
    if (isChanged && item.operator) plan.audit.push({ ...item.operator, atMs: batch.now, outcome: "done" });
    plan.afterCommit.push(decided);
  } catch (error) {
    plan.failed.push({ item, error: clearedError(error, [working.state]) });
  }
}

const isAccepted = <State, Shared>({ state, shared }: Decision<State, Shared>) =>
  state !== undefined || (shared !== undefined && shared.size > 0);

function attempt<State, Shared>(
  plan: BatchPlan<State, Shared>,
  letter: Pick<DeadLetterRow, "source" | "key" | "message">,
  state: unknown,
  decide: () => void,
): void {
  try {
    decide();
  } catch (error) {
    const text = errorText(clearedError(error, [letter.message, state]));
    plan.deadLetters.push({ ...letter, sequence: 0, reason: "threw", error: text });
  }
}

/** Throws unless the module declares the topics that the decision sends to, and something counts each message. */
function requireSendable<State, Shared>(key: string, decision: Decision<State, Shared>, sends: ReadonlySet<string>) {
  const declared = ({ topic }: OutgoingMessage) =>
    invariant(sends.has(topic), () => `a decision on ${key} sends to ${topic}, which its module does not declare`);
  for (const message of decision.messages ?? []) declared(message);
  for (const { key: counter, message } of decision.sharedMessages ?? []) {
    declared(message);
    invariant(
      decision.shared?.has(counter) === true,
      () => `a decision on ${key} sends for ${counter}, which it does not change`,
    );
  }
}

function sendShared<State, Shared>(
  plan: BatchPlan<State, Shared>,
  decision: Decision<State, Shared>,
  cause: Cause,
  batch: BatchContext<State, Shared>,
): void {
  for (const { key: counter, sequence, message } of decision.sharedMessages ?? []) {
    const place = { key: counter, sequence, producer: batch.producer, timeMs: batch.now };
    const envelope: Envelope = { ...message, ...place, ...cause };
    const row = { shard: shardOf(counter), envelope, message: encodeMessage(envelope) };
    plan.outbox.push(row);
    plan.countedByShared.add(row);
  }
}

function noteChange<State, Shared>(
  plan: BatchPlan<State, Shared>,
  before: State | undefined,
  after: State,
  { isMeasured }: BatchContext<State, Shared>,
): void {
  if (isMeasured) plan.changes.push({ before, after });
}

/** Takes a decision into the plan; throws before it changed anything. */
function apply<State, Shared>(
  plan: BatchPlan<State, Shared>,
  working: Working<State>,
  decision: Decision<State, Shared>,
  cause: Cause,
  batch: BatchContext<State, Shared>,
  sends: ReadonlySet<string>,
): void {
  const { key } = working;
  const shard = shardOf(key);
  const state = decision.state ?? working.state;
  const messages = decision.messages ?? [];
  if (messages.length > 0 && state === undefined)
    throw new Error(`a decision on ${key} sends messages but has no aggregate to count them on`);
  requireSendable(key, decision, sends);
  for (const sharedKey of decision.shared?.keys() ?? [])
    invariant(batch.shared.has(sharedKey), () => `a decision on ${key} changes ${sharedKey}, which it has not locked`);
  batch.invariants?.(working.state, decision, batch.shared);

  if (decision.state !== undefined) {
    noteChange(plan, working.state, decision.state, batch);
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
  sendShared(plan, decision, cause, batch);
  for (const { kind, dueMs } of decision.setTimers ?? []) {
    plan.timersCancelled.delete(`${key} ${kind}`);
    plan.timersSet.set(`${key} ${kind}`, { shard, key, kind, dueMs, ...tracedBy(cause) });
  }
  for (const kind of decision.cancelTimers ?? []) {
    plan.timersSet.delete(`${key} ${kind}`);
    plan.timersCancelled.set(`${key} ${kind}`, { shard, key, kind, dueMs: 0 });
  }
  for (const each of decision.calls ?? []) {
    const begun = batch.callsHere(shard);
    plan.intents.push({ shard, id: batch.ids.next(), key, ...each, begun, ...tracedBy(cause) });
  }
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
