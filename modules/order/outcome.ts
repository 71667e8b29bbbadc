/** What every decision on an order is made of: the order afterwards, its history, what is sent, its timers. */
import type { Decision } from "../../runtime/messages/decision.ts";
import type { Deadlines } from "../../runtime/module.ts";
import type { Order } from "./order.ts";
import { type Event, record } from "./record.ts";
import { saga } from "./saga.ts";
import type { Send } from "./step.ts";
import { timersBetween } from "./timers.ts";

export type Outcome = Decision<Order> & { readonly state: Order };

/** When it is decided, and how long the waits are. */
export interface Moment {
  readonly now: number;
  readonly deadlines: Deadlines;
}

/** The order changes so. */
export const outcome = (
  before: Order | undefined,
  after: Order,
  events: readonly Event[],
  sends: readonly Send[],
  { now, deadlines }: Moment,
): Outcome => ({
  ...record(after, events, now),
  messages: sends.flatMap((send) => send(after) ?? []),
  ...timersBetween(before, after, deadlines, now),
});

/** The order has come to another stage: what its step asks and tells is sent. */
export function entered(before: Order | undefined, after: Order, events: readonly Event[], moment: Moment): Outcome {
  const { asks = [], tells = [] } = saga[after.stage];
  return outcome(before, after, events, [...asks, ...tells], moment);
}
