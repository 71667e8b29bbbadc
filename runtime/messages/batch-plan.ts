/** All that a batch's one commit will write, and what is to be done after it: filled while its items are decided. */

import { errorText } from "../error-text.ts";
import { clearedError } from "../personal-data.ts";
import { NO_POSITIONS, type Positions, type Stored } from "./aggregate.ts";
import type { AuditEntry } from "./audit.ts";
import type { Envelope } from "./envelope.ts";
import type { CommandItem, IdempotencyKey, IntentRow, MessageItem, OutboxRow, TimerRow } from "./item.ts";
import type { Change } from "./record-measures.ts";

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
  /** Of a message; told, and kept within `message`. */
  readonly traceparent?: string;
}

type LetterName = Pick<DeadLetterRow, "key" | "source" | "sequence">;

export interface BatchPlan<State, Shared> {
  readonly working: Map<string, Working<State>>;
  readonly shared: Map<string, Shared>;
  readonly changedShared: Set<string>;
  readonly outbox: OutboxRow[];
  /** Those of them that a shared row counts, and no aggregate. */
  readonly countedByShared: Set<OutboxRow>;
  readonly timersSet: Map<string, TimerRow>;
  readonly timersCancelled: Map<string, TimerRow>;
  readonly timersFired: TimerRow[];
  readonly intents: IntentRow[];
  readonly intentsDone: IntentRow[];
  readonly idempotency: IdempotencyKey[];
  /** Commands of operators that are accepted. */
  readonly audit: AuditEntry[];
  readonly entries: Map<string, Readonly<Record<string, unknown>>[]>;
  /** Each decision's change of its aggregate, in order, where the module measures them. */
  readonly changes: Change<State>[];
  /** `before`: what the mark must still be (0: there is none), or another replica has handled the message. */
  readonly marks: {
    readonly key: string;
    readonly topic: string;
    readonly before: number;
    readonly sequence: number;
  }[];
  readonly deadLetters: DeadLetterRow[];
  /** Letters whose number counts by this batch. `discarded` as it was read: a discard that came later is not overrun. */
  readonly lettersReleased: (LetterName & { readonly discarded: boolean })[];
  /** Letters whose number had been counted before. */
  readonly lettersCovered: LetterName[];
  /** Letters that are discarded, and whose turn has not come. */
  readonly lettersDiscarded: (LetterName & { readonly reason: string })[];
  /** Letters that others of this batch are parked behind: they must still be there. */
  readonly lettersAhead: LetterName[];
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
    countedByShared: new Set(),
    timersSet: new Map(),
    timersCancelled: new Map(),
    timersFired: [],
    intents: [],
    intentsDone: [],
    idempotency: [],
    audit: [],
    entries: new Map(),
    changes: [],
    marks: [],
    deadLetters: [],
    lettersReleased: [],
    lettersCovered: [],
    lettersDiscarded: [],
    lettersAhead: [],
    afterCommit: [],
    early: [],
    failed: [],
  };
}

/** The aggregate of a key, made empty when the batch has not met it yet. */
export function workingFor<State, Shared>(plan: BatchPlan<State, Shared>, key: string): Working<State> {
  let working = plan.working.get(key);
  if (!working) {
    working = { key, state: undefined, positions: NO_POSITIONS, version: 0, marksBefore: undefined, dirty: false };
    plan.working.set(key, working);
  }
  return working;
}

/** Each outcome is parked under a name of its own: a key may have several calls of a kind under way. */
export const callSource = (intent: IntentRow) => `call:${intent.kind}:${intent.id}`;

/** A message as it is kept when it cannot be handled now. `state`: what else its handler could speak of. */
export const deadLetterOf = (
  envelope: Envelope,
  reason: DeadLetterRow["reason"],
  error: unknown,
  state?: unknown,
): DeadLetterRow => ({
  key: envelope.key,
  source: envelope.topic,
  sequence: envelope.sequence,
  reason,
  error: errorText(clearedError(error, [envelope.data, state])),
  message: JSON.stringify(envelope),
  ...(envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent }),
});

/**
 * Marks of keys that have no aggregate row after the batch; the others ride in their row. A message is parked only
 * while the mark is still what it was decided on: where no row guards that, its unchanged mark is written to do so.
 */
export function collectMarks<State, Shared>(plan: BatchPlan<State, Shared>): void {
  for (const working of plan.working.values())
    if (working.dirty && working.state === undefined)
      for (const [topic, sequence] of Object.entries(working.positions.in)) {
        const before = working.marksBefore?.[topic] ?? 0;
        if (sequence > before) plan.marks.push({ key: working.key, topic, before, sequence });
      }
  for (const { key, source, sequence, reason } of plan.deadLetters) {
    const working = plan.working.get(key);
    if (sequence === 0 || reason === "behind" || working?.state !== undefined) continue;
    if (plan.marks.some((mark) => mark.key === key && mark.topic === source)) continue;
    const before = working?.marksBefore?.[source] ?? 0;
    plan.marks.push({ key, topic: source, before, sequence: before });
  }
}
