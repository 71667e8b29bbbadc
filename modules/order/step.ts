/** The vocabulary that the saga is written in: steps as plain data over the contracts of other modules. */
import type { MessageType, OutgoingMessage } from "../../runtime/messages/contract.ts";
import type { Deadlines } from "../../runtime/module.ts";
import type { Order, OrderStatus, Stage, Undo } from "./order.ts";

/** A message to be sent for an order; undefined where this order needs none. */
export type Send = (order: Order) => OutgoingMessage | undefined;

/** Why an order is refused: the reason that the customer sees, and what the history adds to it. */
export interface Refusal {
  readonly reason: string;
  readonly [detail: string]: unknown;
}

interface Answer {
  readonly type: MessageType<unknown>;
  /** Whether an answer of this type with this content is the one that is waited for. */
  readonly when: (data: unknown) => boolean;
}

interface RecordedAs {
  readonly type?: string;
  readonly status?: OrderStatus | "AUTHORISED";
}

/** What an answer leads to. */
export type Move = Answer &
  (
    | {
        readonly kind: "goes on";
        readonly to: Stage;
        /** What the history calls the answer, and the status that it gives it, where they are not the usual ones. */
        readonly recordedAs?: RecordedAs;
        /** The step that passes the point of no return also leaves this event in the history. */
        readonly pivot?: string;
      }
    | { readonly kind: "refuses"; readonly refusal: (data: unknown) => Refusal }
    | { readonly kind: "needs attention"; readonly why: (data: unknown) => string }
  );

/** A wait that is bounded, by a durable timer. */
export interface Deadline {
  readonly timer: string;
  /** Steps that follow each other under it have this time together. */
  readonly runsOn?: boolean;
  readonly within: keyof Deadlines;
  readonly afterwards:
    | { readonly kind: "expires"; readonly reason: string; readonly recordedAs: string }
    | { readonly kind: "cancels"; readonly reason: string; readonly recordedAs: string }
    | { readonly kind: "goes on"; readonly to: Stage; readonly recordedAs: string }
    | { readonly kind: "needs attention"; readonly why: string };
}

export interface Compensation {
  readonly of: Undo;
  readonly ask: Send;
  readonly undone: readonly Answer[];
}

export interface Step {
  readonly name: string;
  /** Commands sent on entering the step's stage. */
  readonly asks?: readonly Send[];
  /** Events told on entering it, to whoever wants to know. */
  readonly tells?: readonly Send[];
  readonly moves?: readonly Move[];
  /** What else may come now; it is written down and changes nothing. */
  readonly notes?: readonly MessageType<unknown>[];
  /** An operator may have it asked or told once more, so that two answers may come. */
  readonly mayRepeat?: boolean;
  readonly deadline?: Deadline;
  /** How what this step asked for is undone, answered or not. */
  readonly undo?: Compensation;
}

const always = () => true;

/** The answer that moves the order on. */
export const answeredBy = <Data>(
  type: MessageType<Data>,
  to: Stage,
  { when, ...history }: { when?: (data: Data) => boolean; recordedAs?: RecordedAs; pivot?: string } = {},
): Move => ({ ...answer(type, when), kind: "goes on", to, ...history });

/** The answer that refuses the order. */
export function refusedBy<Data>(type: MessageType<Data>, refusal: (data: Data) => Refusal): Move {
  return { ...answer(type), kind: "refuses", refusal: (data) => refusal(type.schema.parse(data)) };
}

/** The answer after which an operator must decide. */
export function stoppedBy<Data>(type: MessageType<Data>, why: (data: Data) => string): Move {
  return { ...answer(type), kind: "needs attention", why: (data) => why(type.schema.parse(data)) };
}

/** An answer that counts only with the right content. */
export function answer<Data>(type: MessageType<Data>, when?: (data: Data) => boolean): Answer {
  return { type, when: when ? (data) => when(type.schema.parse(data)) : always };
}

/** How a step is undone: what is asked, and which answers say that it is. */
export const undoneBy = (of: Undo, ask: Send, ...undone: (Answer | MessageType<unknown>)[]): Compensation => ({
  of,
  ask,
  undone: undone.map((each) => ("when" in each ? each : answer(each))),
});
