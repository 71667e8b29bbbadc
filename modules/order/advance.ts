/**
 * Moves an order along the saga's table. Pure: each function takes the order and returns the decision.
 *
 * An answer that is not waited for is written down and changes nothing when it may still come: while or after what was
 * asked is undone (its undo follows it on the same topic, in order), a second time after a retry, or at any time by its
 * nature. Any other answer that does not fit the order's stage is a bug, and throws.
 */
import type { MessageType } from "../../runtime/messages/contract.ts";
import { type MessageHandler, on, type TimerHandler } from "../../runtime/messages/decision.ts";
import type { Deadlines } from "../../runtime/module.ts";
import { isUndone, known, type Order } from "./order.ts";
import { entered, type Moment, type Outcome, outcome } from "./outcome.ts";
import { changed, type Event, movedTo, record } from "./record.ts";
import { noted, saga, steps, stepsBefore, stepsUpTo } from "./saga.ts";
import type { Deadline, Move, Step } from "./step.ts";
import { deadlineOf } from "./timers.ts";
import { cancel, complete, completedBy, expire, reject } from "./undoing.ts";

/** The first decision on a new order: it is PENDING, and the first step is asked for. */
export const begin = (order: Order, moment: Moment): Outcome =>
  entered(undefined, order, [{ type: "OrderPlaced", status: order.status }], moment);

/** What is decided on an answer of another module. */
function receive(order: Order, type: string, data: Data, moment: Moment): Outcome {
  const undone = completedBy(order, type, data);
  if (undone) return complete(order, undone, { type, detail: data }, moment);
  const step = saga[order.stage];
  const move = step.moves?.find((each) => each.type.type === type && each.when(data));
  if (move && !isWaitedFor(order)) throw misfit(order, type);
  if (move) return follow(order, move, data, moment);
  if (isNoted(step, type)) return note(order, { type, detail: data }, moment);
  if (!mayBeLate(order, type)) throw misfit(order, type);
  return note(order, { type, detail: { ...data, late: true } }, moment);
}

type Data = Readonly<Record<string, unknown>>;

const misfit = ({ id, stage }: Order, what: string) =>
  new Error(`${what} does not fit order ${id} in ${stage} (${saga[stage].name})`);

/** That the parcel has left ends a cancel only as long as the shipment is what is being cancelled. */
const isWaitedFor = ({ stage, undoing }: Order) => stage !== "CANCEL_PENDING" || undoing[0] === "shipment";

function follow(order: Order, move: Move, data: Data, moment: Moment): Outcome {
  const { type } = move.type;
  switch (move.kind) {
    case "goes on": {
      const moved = movedTo(order, move.to);
      const { status } = moved;
      const events: Event[] = [{ type, status, ...move.recordedAs, detail: data }];
      if (move.pivot !== undefined) events.push({ type: move.pivot, status });
      return entered(order, moved, events, moment);
    }
    case "refuses": {
      const refusal = move.refusal(data);
      return reject(order, refusal.reason, { type, detail: refusal }, moment);
    }
    case "needs attention":
      return attend(order, move.why(data), { type, detail: data }, moment);
  }
}

const note = (order: Order, event: Omit<Event, "status">, { now }: Moment): Outcome =>
  record(order, [{ ...event, status: order.status }], now);

function attend(order: Order, why: string, event: Omit<Event, "status">, moment: Moment): Outcome {
  const stopped = changed(order, { attention: why });
  return outcome(order, stopped, [{ ...event, status: stopped.status }], [], moment);
}

const isNoted = ({ notes = [] }: Step, type: string) => [...notes, ...noted].some((each) => each.type === type);

/** Every message that a step names. */
const answersOf = ({ moves = [], notes = [], undo }: Step): MessageType<unknown>[] => [
  ...moves.map(({ type }) => type),
  ...notes,
  ...(undo?.undone ?? []).map(({ type }) => type),
];
const namesOf = (some: readonly Step[]) => new Set(some.flatMap(answersOf).map(({ type }) => type));

/** Whether this answers something that was asked once, and need not be waited for any more. */
function mayBeLate(order: Order, type: string): boolean {
  if (isUndone(order.stage)) return lateWhileUndone.has(type);
  return namesOf(stepsUpTo(order.stage).filter(({ mayRepeat }) => mayRepeat)).has(type);
}

/** Answers to what a cancel or a refusal may find under way. A parcel that leaves is none: it had to be let go. */
const lateWhileUndone = namesOf(stepsBefore("HANDING_OVER"));

/** What is decided when a step's time is over. */
function pass(order: Order, deadline: Deadline, moment: Moment): Outcome {
  if (deadlineOf(order) !== deadline) throw misfit(order, `the deadline ${deadline.timer}`);
  const { afterwards } = deadline;
  switch (afterwards.kind) {
    case "expires":
      return expire(order, afterwards.reason, { type: afterwards.recordedAs }, moment);
    case "cancels":
      return cancel(order, afterwards.reason, { type: afterwards.recordedAs }, moment);
    case "goes on": {
      const moved = movedTo(order, afterwards.to);
      return entered(order, moved, [{ type: afterwards.recordedAs, status: moved.status }], moment);
    }
    case "needs attention":
      return attend(order, afterwards.why, { type: "NeedsAttention", detail: { why: afterwards.why } }, moment);
  }
}

/** After the pivot nobody waits at a counter. */
const atTheCounter = namesOf([saga.PENDING, saga.RESERVED]);

/** Handlers of every answer that the saga names. */
export const sagaHandlers = (deadlines: Deadlines): readonly MessageHandler<Order, never>[] =>
  [...new Set([...noted, ...steps.flatMap(answersOf)])].map((type) =>
    on<Order, unknown>(
      type,
      // The contract's schemas of events are all objects.
      (order, data, { now }) => receive(known(order), type.type, data as Data, { now, deadlines }),
      { urgency: atTheCounter.has(type.type) ? "customer" : "background" },
    ),
  );

/** What is decided when each of the saga's deadlines has passed. */
export const sagaTimers = (deadlines: Deadlines): readonly TimerHandler<Order, never>[] =>
  [...new Set(steps.flatMap(({ deadline }) => deadline ?? []))].map((deadline) => ({
    kind: deadline.timer,
    decide: (order, { now }) => pass(known(order), deadline, { now, deadlines }),
  }));
