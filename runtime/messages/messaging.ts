import type { AggregateStore, SharedStore, Write } from "./aggregate.ts";
import type { CallHandler } from "./call.ts";
import type { DecisionInvariants, MessageHandler, TimerHandler } from "./decision.ts";

/** A table that decisions add rows to (history, ledger). */
export interface EntryStore {
  encode(row: Readonly<Record<string, unknown>>): Record<string, unknown>;
  readonly insert: Write;
}

/** A module as the message core sees it: its aggregate and what it decides on. */
export interface Messaging<State, Shared, Ports> {
  readonly module: string;
  readonly aggregate: AggregateStore<State>;
  readonly shared?: SharedStore<Shared>;
  readonly entries: Readonly<Record<string, EntryStore>>;
  /** Topics that the module listens to; types on them that it does not handle only advance the mark. */
  readonly subscribes: readonly string[];
  readonly invariants?: DecisionInvariants<State, Shared>;
  readonly handlers: readonly MessageHandler<State, Shared>[];
  readonly timers: readonly TimerHandler<State, Shared>[];
  readonly calls: readonly CallHandler<State, Shared, Ports>[];
}
