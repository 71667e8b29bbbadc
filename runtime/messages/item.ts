/** What waits in a lane's queue: everything that can change an aggregate takes this one path. */
import type { Settlement } from "../transport/port.ts";
import type { CommandAudit } from "./audit.ts";
import type { CallOutcome } from "./call.ts";
import type { Command, Decision, DecisionContext } from "./decision.ts";
import type { EarlierRequest } from "./earlier-request.ts";
import type { Envelope } from "./envelope.ts";

export interface OutboxRow {
  readonly shard: number;
  readonly envelope: Envelope;
  /** The row's `message` column: JSON text. */
  readonly message: string;
}

export interface TimerRow {
  readonly shard: number;
  readonly key: string;
  readonly kind: string;
  readonly dueMs: number;
  /** The trace that it was set in. */
  readonly traceparent?: string;
}

export interface IntentRow {
  readonly shard: number;
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  /** JSON text. */
  readonly request: string;
  /** Somebody may have begun the call: whoever finds the row and has not, asks. */
  readonly begun: boolean;
  /** The trace that it was made in. */
  readonly traceparent?: string;
}

/** Names the effect of a request, so that its repetition finds it: see `idempotency` in the tables. */
export interface IdempotencyKey {
  /** Caller + method + path + key, hashed. */
  readonly scope: string;
  readonly bodyHash: string;
  /** The status and the reference that a repetition is answered with. */
  readonly status: number;
  readonly reference: string;
}

/** How a command ended. `replayed`: an earlier request with the same key had the effect; `reference` leads to it. */
export type CommandResult<Answer> = { readonly kind: "decided"; readonly answer: Answer } | EarlierRequest;

interface Timed {
  /** When it came to the lane, by the stopwatch of the metrics; the lane sets it. */
  arrivedSeconds?: number;
}

export interface MessageItem extends Timed {
  readonly kind: "message";
  readonly key: string;
  readonly envelope: Envelope;
  /** Absent where the message comes from the transport. */
  readonly letter?: LetterAction;
  /** Called each time that it was looked at and an earlier number was missing. */
  readonly waits?: () => void;
  /** It has ended, durably. */
  readonly settle: (settlement?: Settlement) => void;
}

/**
 * The message is a dead letter, and its row goes away in the commit that counts its number: `release` handles it, a
 * discarded one is passed over. While an earlier number is missing it stays where it is, and a discarded one is marked.
 * `cover` only takes it away where its number has been counted already.
 */
export type LetterAction =
  | { readonly kind: "release" }
  | { readonly kind: "cover" }
  | { readonly kind: "discard"; readonly reason: string };

export interface TimerItem extends Timed {
  readonly kind: "timer";
  readonly key: string;
  readonly timer: TimerRow;
  readonly settle: () => void;
}

export interface OutcomeItem extends Timed {
  readonly kind: "outcome";
  readonly key: string;
  readonly intent: IntentRow;
  readonly outcome: CallOutcome<string>;
  readonly settle: () => void;
}

/** A command with its input and answer folded in. */
export interface CommandItem<State, Shared> extends Timed {
  readonly kind: "command";
  readonly key: string;
  readonly name: string;
  readonly creates: boolean;
  readonly sharedOnly: boolean;
  readonly traceparent?: string;
  readonly idempotency?: IdempotencyKey;
  readonly operator?: CommandAudit;
  readonly expiresMs: number;
  readonly sharedKeys: (state: State | undefined) => readonly string[];
  /** Returns the decision and keeps its answer until `decided` is called. */
  readonly decide: (
    state: State | undefined,
    context: DecisionContext<Shared>,
  ) => { readonly decision: Decision<State, Shared>; readonly decided: () => void };
  readonly replayed: (stored: { readonly status: number; readonly reference: string }) => void;
  readonly keyReused: () => void;
  readonly fail: (error: unknown) => void;
}

export type Item<State, Shared> = MessageItem | TimerItem | OutcomeItem | CommandItem<State, Shared>;

export interface CommandOptions {
  readonly traceparent?: string;
  readonly idempotency?: IdempotencyKey;
  /** Whose command it is, for the audit log; absent: nobody's that is in it. */
  readonly operator?: CommandAudit;
  /** After this moment the caller no longer waits: the command is dropped if it has not been tried. */
  readonly expiresMs: number;
}

/** Binds a command to one request; `finish` and `fail` are called once. */
export function commandItem<State, Shared, Input, Answer>(
  command: Command<State, Shared, Input, Answer>,
  key: string,
  input: Input,
  options: CommandOptions,
  finish: (result: CommandResult<Answer>) => void,
  fail: (error: unknown) => void,
): CommandItem<State, Shared> {
  return {
    kind: "command",
    key,
    name: command.name,
    creates: command.creates ?? false,
    sharedOnly: command.sharedOnly ?? false,
    ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
    ...(options.idempotency === undefined ? {} : { idempotency: options.idempotency }),
    ...(options.operator === undefined ? {} : { operator: options.operator }),
    expiresMs: options.expiresMs,
    sharedKeys: (state) => command.shares?.(state, input) ?? [],
    decide(state, context) {
      const decision = command.decide(state, input, context);
      return { decision, decided: () => finish({ kind: "decided", answer: decision.answer }) };
    },
    replayed: ({ status, reference }) => finish({ kind: "replayed", status, reference }),
    keyReused: () => finish({ kind: "keyReused" }),
    fail,
  };
}

/** What of an item tells its trace. */
export type Traceable = { readonly key: string } & (
  | { readonly kind: "command"; readonly traceparent?: string; readonly sharedOnly?: boolean }
  | { readonly kind: "message"; readonly envelope: Pick<Envelope, "correlationId" | "traceparent"> }
  | { readonly kind: "timer"; readonly timer: Pick<TimerRow, "traceparent"> }
  | { readonly kind: "outcome"; readonly intent: Pick<IntentRow, "traceparent"> }
);

/** The trace that an item is part of. */
export function itemTraceparent(item: Traceable): string | undefined {
  switch (item.kind) {
    case "command":
      return item.traceparent;
    case "message":
      return item.envelope.traceparent;
    case "timer":
      return item.timer.traceparent;
    case "outcome":
      return item.intent.traceparent;
  }
}
