/**
 * Undoes what the saga has asked for, last first, answered or not: each step's undo follows what it undoes on the same
 * topic, and finds it done, under way, or never begun.
 *
 * A refused order has ended for its customer, and all undos are sent at once. A cancelled one ends when all is undone;
 * its undos are asked one after the other, for the first of them, the shipment's, may find that the parcel has left.
 * What is not undone in time is shown to operators; whoever was asked goes on all the same, and no answer comes too late.
 */
import { isUndone, type Order, type Undo } from "./order.ts";
import { entered, type Moment, type Outcome, outcome } from "./outcome.ts";
import { changed, type Event, movedTo } from "./record.ts";
import { saga, steps, stepsBefore, stepsUpTo } from "./saga.ts";
import type { Compensation, Send, Step } from "./step.ts";

const compensations: ReadonlyMap<Undo, Compensation> = new Map(
  steps.flatMap(({ undo }) => (undo ? [[undo.of, undo] as const] : [])),
);

function compensationOf(of: Undo): Compensation {
  const compensation = compensations.get(of);
  if (!compensation) throw new Error(`no step of the saga says how to undo ${of}`);
  return compensation;
}

const askTo = (undos: readonly Undo[]): Send[] => undos.map((of) => compensationOf(of).ask);

/** What these steps have to undo for this order, the last first. */
const toUndo = (order: Order, asked: readonly Step[]): Undo[] =>
  asked.toReversed().flatMap(({ undo }) => (undo?.ask(order) ? [undo.of] : []));

/** A step was refused: the steps before it are undone. */
export const reject = (order: Order, reason: string, event: Omit<Event, "status">, moment: Moment) =>
  refuse(order, "REJECTED", stepsBefore(order.stage), reason, event, moment);

/** The time before the pivot is over: whatever was asked for is undone, its answer outstanding or not. */
export const expire = (order: Order, reason: string, event: Omit<Event, "status">, moment: Moment) =>
  refuse(order, "EXPIRED", stepsUpTo(order.stage), reason, event, moment);

function refuse(
  order: Order,
  stage: "REJECTED" | "EXPIRED",
  asked: readonly Step[],
  reason: string,
  event: Omit<Event, "status">,
  moment: Moment,
): Outcome {
  const undoing = toUndo(order, asked);
  const ended = changed(movedTo(order, stage, reason), { undoing });
  const { tells = [] } = saga[stage];
  return outcome(order, ended, [{ ...event, status: stage }], [...askTo(undoing), ...tells], moment);
}

/** Undoes an order that its customer, an operator or a deadline has cancelled. */
export function cancel(order: Order, reason: string, event: Omit<Event, "status">, moment: Moment): Outcome {
  const undoing = toUndo(order, stepsUpTo(order.stage));
  const pending = changed(movedTo(order, "CANCEL_PENDING", reason), { undoing });
  return outcome(order, pending, [{ ...event, status: pending.status }], askTo(undoing.slice(0, 1)), moment);
}

/** Which undo this answer completes, if one is outstanding that it can. */
export function completedBy(order: Order, type: string, data: unknown): Undo | undefined {
  if (!isUndone(order.stage)) return undefined;
  const awaited = order.stage === "CANCEL_PENDING" ? order.undoing.slice(0, 1) : order.undoing;
  return awaited.find((of) =>
    compensationOf(of).undone.some((answer) => answer.type.type === type && answer.when(data)),
  );
}

/** One undo is done: a cancelled order goes on to the next one, or has ended. */
export function complete(order: Order, undo: Undo, event: Omit<Event, "status">, moment: Moment): Outcome {
  const left = changed(order, { undoing: order.undoing.filter((each) => each !== undo), attention: null });
  const done: Event = { ...event, status: left.status };
  if (left.stage !== "CANCEL_PENDING") return outcome(order, left, [done], [], moment);
  if (left.undoing.length > 0) return outcome(order, left, [done], askTo(left.undoing.slice(0, 1)), moment);
  const cancelled = movedTo(left, "CANCELLED");
  return entered(order, cancelled, [done, { type: "OrderCancelled", status: cancelled.status }], moment);
}

/** What is asked once more when an operator has the order tried again. */
export function asksAgain(order: Order): readonly Send[] {
  if (order.stage === "CANCEL_PENDING") return askTo(order.undoing.slice(0, 1));
  return isUndone(order.stage) ? askTo(order.undoing) : (saga[order.stage].asks ?? []);
}
