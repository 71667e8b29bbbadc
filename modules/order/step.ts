/** The vocabulary that the saga is written in: steps as plain data over the contracts of other modules. */
import type { z } from "zod";
import type { MessageType, OutgoingMessage } from "../../runtime/messages/contract.ts";
import type { Order, OrderStatus } from "./order.ts";

/** Why an order is refused: the reason that the customer sees, and what the history adds to it. */
export interface Refusal {
  readonly reason: string;
  readonly [detail: string]: unknown;
}

interface Answer {
  readonly type: MessageType<unknown>;
}

export interface Success extends Answer {
  readonly to: OrderStatus;
  /** The status that the history gives this event where it is not `to` (a state nobody can read). */
  readonly recordedAs: string;
  /** The step that passes the point of no return also leaves this event in the history. */
  readonly pivot: string | null;
}

export interface Failure extends Answer {
  readonly refusal: (data: unknown) => Refusal;
}

export interface Step {
  readonly name: string;
  /** The status in which the step's answer is waited for. */
  readonly during: OrderStatus;
  /** Commands sent on entering `during`. */
  readonly asks: readonly ((order: Order) => OutgoingMessage)[];
  /** Events told on entering `during`, to whoever wants to know. */
  readonly tells?: readonly ((order: Order) => OutgoingMessage)[];
  readonly succeeds: Success;
  /** Absent after the pivot. */
  readonly fails?: Failure;
  readonly undo?: readonly ((order: Order) => OutgoingMessage)[];
  readonly undone?: Answer;
}

/** The answer that moves the order on. */
export const answeredBy = (
  type: Answer["type"],
  to: OrderStatus,
  options: { readonly recordedAs?: string; readonly pivot?: string } = {},
): Success => ({ type, to, recordedAs: options.recordedAs ?? to, pivot: options.pivot ?? null });

/** The answer that refuses the order. */
export function refusedBy<Schema>(type: MessageType<Schema>, refusal: (data: Schema) => Refusal): Failure {
  const schema: z.ZodType<Schema> = type.schema;
  return { type, refusal: (data) => refusal(schema.parse(data)) };
}

/** The answer to an undo: it is written down and changes nothing. */
export const recorded = (type: Answer["type"]): Answer => ({ type });
