/** Which of the saga's deadlines an order is under, and what becomes of its timers when it changes. */
import type { Decision } from "../../runtime/messages/decision.ts";
import type { Deadlines } from "../../runtime/module.ts";
import { isRefused, type Order } from "./order.ts";
import { saga } from "./saga.ts";
import type { Deadline } from "./step.ts";

/** The deadline of its step; a refused order waits for its undoing alone. */
export const deadlineOf = ({ stage, undoing }: Pick<Order, "stage" | "undoing">): Deadline | undefined =>
  isRefused(stage) && undoing.length === 0 ? undefined : saga[stage].deadline;

/** An order that needs attention waits for no timer; when it goes on, its time begins anew. */
export function timersBetween(
  before: Order | undefined,
  after: Order,
  deadlines: Deadlines,
  now: number,
): Required<Pick<Decision<Order>, "setTimers" | "cancelTimers">> {
  const left = before && deadlineOf(before);
  const entered = deadlineOf(after);
  const goesOn = left === entered && (before?.stage === after.stage || entered?.runsOn === true);
  const wasStopped = before !== undefined && before.attention !== null;
  const begins = entered !== undefined && after.attention === null && (!goesOn || wasStopped);
  return {
    cancelTimers: left && (left !== entered || after.attention !== null) ? [left.timer] : [],
    setTimers: begins ? [{ kind: entered.timer, dueMs: now + deadlines[entered.within] }] : [],
  };
}
