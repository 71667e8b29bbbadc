import type { Measures } from "../telemetry/metrics/measure.ts";
import type { AggregateStore, SharedStore, Write } from "./aggregate.ts";
import type { CallHandler } from "./call.ts";
import type { Topic } from "./contract.ts";
import type { DecisionInvariants, MessageHandler, TimerHandler } from "./decision.ts";
import type { KeyedRows } from "./retention.ts";

/** A table that decisions add rows to (history, ledger). */
export interface EntryStore {
  encode(row: Readonly<Record<string, unknown>>): Record<string, unknown>;
  readonly insert: Write;
}

/** The topics that a module has to do with. */
export interface ModuleTopics {
  /** Known types on them that it does not handle only advance the mark; unknown ones are parked. */
  readonly subscribes: readonly Topic[];
  /** Its own events, and commands of others. */
  readonly sends: readonly Topic[];
}

/** A module as the message core sees it: its aggregate and what it decides on. */
export interface Messaging<State, Shared, Ports> extends ModuleTopics {
  readonly module: string;
  readonly aggregate: AggregateStore<State>;
  readonly shared?: SharedStore<Shared>;
  readonly entries: Readonly<Record<string, EntryStore>>;
  readonly invariants?: DecisionInvariants<State, Shared>;
  readonly handlers: readonly MessageHandler<State, Shared>[];
  readonly timers: readonly TimerHandler<State, Shared>[];
  readonly calls: readonly CallHandler<State, Shared, Ports>[];
  /** What its changes mean for metrics of its own. */
  readonly measures?: Measures<State>;
  /** Tables of its own whose rows are of use as long as the keys that lead to them, and a while longer. */
  readonly keyedRows?: readonly KeyedRows[];
}
