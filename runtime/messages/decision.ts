/**
 * What a module may decide, as plain data. A handler is a pure, synchronous function of the aggregate's state and what
 * arrived; it writes nothing itself. The runtime stores the whole decision in one commit or none of it.
 *
 * A refusal is an answer (or an event), never an exception: what throws is a bug, and its message is parked.
 */
import type { Ids } from "../ids.ts";
import type { MessageType, OutgoingMessage } from "./contract.ts";

export interface DecisionContext<Shared = never> {
  /** The aggregate's key. */
  readonly key: string;
  /** Milliseconds since the epoch, the same for a whole batch. */
  readonly now: number;
  readonly ids: Ids;
  /** Locked rows that different aggregates share (stock), by key, as the batch has left them so far. */
  readonly shared: ReadonlyMap<string, Shared>;
}

/** A row to add beside the aggregate: history, ledger. `table` is a name from the module's declaration. */
export interface Entry {
  readonly table: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A call to the outside world. The key in its request makes repeating it harmless at the other side. */
export interface CallRequest {
  readonly kind: string;
  /** JSON text. */
  readonly request: string;
}

export interface Decision<State, Shared = never> {
  /** The aggregate afterwards; absent: nothing changes. */
  readonly state?: State;
  readonly messages?: readonly OutgoingMessage[];
  /** One timer of a kind for each aggregate; setting it again moves it. */
  readonly setTimers?: readonly { readonly kind: string; readonly dueMs: number }[];
  readonly cancelTimers?: readonly string[];
  readonly calls?: readonly CallRequest[];
  readonly entries?: readonly Entry[];
  /** Shared rows that changed, by key. */
  readonly shared?: ReadonlyMap<string, Shared>;
  readonly sharedMessages?: readonly SharedMessage[];
}

/** A message keyed by a shared row that the same decision changes: that row, which is locked, counts it. */
export interface SharedMessage {
  readonly key: string;
  /** By one more than the row's last one on this topic. */
  readonly sequence: number;
  readonly message: OutgoingMessage;
}

/**
 * What no decision of a module may break, whichever handler made it. Throws (`invariant`) before anything of the
 * decision is taken: its message is parked, its request answered 500, and nothing of it is written. `shared` are the
 * locked rows as they were before.
 */
export type DecisionInvariants<State, Shared = never> = (
  before: State | undefined,
  decision: Decision<State, Shared>,
  shared: ReadonlyMap<string, Shared>,
) => void;

/** Off the customer's path: such work waits some milliseconds for company, to fill batches. */
export type Urgency = "customer" | "background";

/** A handler with its message's type already folded in, so that handlers of different messages share one list. */
export interface MessageHandler<State, Shared> {
  readonly topic: string;
  readonly type: string;
  readonly urgency: Urgency;
  /** Parses `data` (JSON text) by the contract's schema. */
  readonly prepare: (data: string) => Prepared<State, Shared>;
}

export interface Prepared<State, Shared> {
  /** Keys of the shared rows that the decision needs. */
  readonly sharedKeys: (state: State | undefined) => readonly string[];
  readonly decide: (state: State | undefined, context: DecisionContext<Shared>) => Decision<State, Shared>;
}

interface HandlerOptions<State, Data> {
  readonly urgency?: Urgency;
  readonly shares?: (state: State | undefined, data: Data) => readonly string[];
}

/** Handles one type of message. */
export function on<State, Data, Shared = never>(
  type: MessageType<Data>,
  decide: (state: State | undefined, data: Data, context: DecisionContext<Shared>) => Decision<State, Shared>,
  options: HandlerOptions<State, Data> = {},
): MessageHandler<State, Shared> {
  return {
    topic: type.topic,
    type: type.type,
    urgency: options.urgency ?? "customer",
    prepare(text) {
      const data = type.schema.parse(JSON.parse(text));
      return {
        sharedKeys: (state) => options.shares?.(state, data) ?? [],
        decide: (state, context) => decide(state, data, context),
      };
    },
  };
}

/** A durable timer's handler; `State` exists unless the aggregate was never stored. */
export interface TimerHandler<State, Shared> {
  readonly kind: string;
  readonly decide: (state: State | undefined, context: DecisionContext<Shared>) => Decision<State, Shared>;
}

/** A request from outside, decided in the same batches as messages. */
export interface Command<State, Shared, Input, Answer> {
  readonly name: string;
  /** The key is new with each request, so there is no row to look for. */
  readonly creates?: boolean;
  /** It decides on shared rows alone: its key is new with each request, and never has a row. */
  readonly sharedOnly?: boolean;
  readonly shares?: (state: State | undefined, input: Input) => readonly string[];
  /**
   * A decision with a state or with changed shared rows is accepted (and its idempotency key kept); with neither it is a
   * refusal.
   */
  readonly decide: (
    state: State | undefined,
    input: Input,
    context: DecisionContext<Shared>,
  ) => Decision<State, Shared> & { readonly answer: Answer };
}
