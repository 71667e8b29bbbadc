/** Changes of an order as the rest of its module writes them: a stage, and what the history says of it. */
import type { Entry } from "../../runtime/messages/decision.ts";
import { isUndone, type Order, type Stage, statusOf, transitions } from "./order.ts";

export const HISTORY = "history";

export interface Event {
  readonly type: string;
  readonly status: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The order with these properties; its status follows. Throws for a change of stage that is not legal. */
export function changed(
  order: Order,
  change: Partial<Pick<Order, "stage" | "reason" | "attention" | "undoing" | "settledByHand">>,
): Order {
  const after = { ...order, ...change };
  if (after.stage !== order.stage && !transitions[order.stage].includes(after.stage))
    throw new Error(`order ${order.id} cannot go from ${order.stage} to ${after.stage}`);
  return { ...after, status: statusOf(after) };
}

/** The order in another stage, with nothing left of what concerned the one before but why it is undone. */
export const movedTo = (order: Order, stage: Stage, reason = order.reason): Order =>
  changed(order, { stage, reason: isUndone(stage) ? reason : null, attention: null, undoing: [] });

/** Adds events to the history and stamps the order. */
export function record(order: Order, events: readonly Event[], now: number): { state: Order; entries: Entry[] } {
  const entries = events.map(({ type, status, detail }, index) => ({
    table: HISTORY,
    row: {
      orderId: order.id,
      sequence: order.historyLength + index + 1,
      type,
      at: now,
      data: { ...detail, status },
    },
  }));
  return { state: { ...order, historyLength: order.historyLength + events.length, updatedAt: now }, entries };
}
