/**
 * Moves an order through the saga's steps. Pure: each function takes the order and returns the decision.
 *
 * An answer that comes after the order was refused changes nothing: its undo has been sent already and follows it on
 * the same topic, in order. Any other answer that does not fit the order's status is a bug, and throws.
 */
import type { OutgoingMessage } from "../../runtime/messages/contract.ts";
import {
  type Decision,
  type Entry,
  type MessageHandler,
  on,
  type TimerHandler,
} from "../../runtime/messages/decision.ts";
import { isRefused, type Order, type OrderStatus, transitions } from "./order.ts";
import { deadline, saga } from "./saga.ts";
import { orderRefused } from "./saga-messages.ts";
import type { Step } from "./step.ts";

type Outcome = Decision<Order>;

export const PLACEMENT_DEADLINE = "placement-deadline";
export const HISTORY = "history";

interface Event {
  readonly type: string;
  readonly status: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Adds events to the history and stamps the order. */
function record(order: Order, events: readonly Event[], now: number): { state: Order; entries: Entry[] } {
  const entries = events.map(({ type, status, detail }, index) => ({
    table: HISTORY,
    row: {
      orderId: order.id,
      sequence: order.historyLength + index + 1,
      type,
      at: now,
      data: { status, ...detail },
    },
  }));
  return { state: { ...order, historyLength: order.historyLength + events.length, updatedAt: now }, entries };
}

function moveTo(order: Order, status: OrderStatus, reason: string | null = order.reason): Order {
  if (!transitions[order.status].includes(status))
    throw new Error(`order ${order.id} cannot go from ${order.status} to ${status}`);
  return { ...order, status, reason };
}

const stepDuring = (status: OrderStatus) => saga.find((step) => step.during === status);

/** What is sent on entering the order's status. */
function sentOnEntering(order: Order): OutgoingMessage[] {
  const step = stepDuring(order.status);
  return [...(step?.asks ?? []), ...(step?.tells ?? [])].map((send) => send(order));
}

/** The first decision on a new order: it is PENDING, and the first step is asked for. */
export function begin(order: Order, deadlineMs: number, now: number): Outcome {
  return {
    ...record(order, [{ type: "OrderPlaced", status: order.status }], now),
    messages: sentOnEntering(order),
    setTimers: [{ kind: PLACEMENT_DEADLINE, dueMs: now + deadlineMs }],
  };
}

function succeed(order: Order, { during, succeeds }: Step, now: number): Outcome {
  if (order.status !== during) return late(order, succeeds.type.type, now);
  const moved = moveTo(order, succeeds.to);
  const events: Event[] = [{ type: succeeds.type.type, status: succeeds.recordedAs }];
  if (succeeds.pivot) events.push({ type: succeeds.pivot, status: succeeds.to });
  return {
    ...record(moved, events, now),
    messages: sentOnEntering(moved),
    ...(succeeds.pivot ? { cancelTimers: [PLACEMENT_DEADLINE] } : {}),
  };
}

function fail(order: Order, step: Step, data: unknown, now: number): Outcome {
  if (!step.fails) throw new Error(`step ${step.name} has no refusal`);
  const { type } = step.fails.type;
  if (order.status !== step.during) return late(order, type, now);
  const refusal = step.fails.refusal(data);
  const before = saga.slice(0, saga.indexOf(step));
  return end(order, "REJECTED", refusal.reason, { type, detail: refusal }, before, now);
}

/** The order's own deadline: whatever was asked for is undone, its answer outstanding or not. */
function expire(order: Order, now: number): Outcome {
  const current = saga.findIndex((step) => step.during === order.status);
  const asked = saga.slice(0, current + 1);
  return end(order, deadline.ends, deadline.reason, { type: deadline.recordedAs }, asked, now);
}

function end(
  order: Order,
  status: "REJECTED" | "EXPIRED",
  reason: string,
  event: Omit<Event, "status">,
  toUndo: readonly Step[],
  now: number,
): Outcome {
  const ended = moveTo(order, status, reason);
  const undo = [...toUndo].reverse().flatMap((step) => step.undo ?? []);
  return {
    ...record(ended, [{ ...event, status }], now),
    messages: [...undo.map((command) => command(ended)), orderRefused(ended, status, reason)],
    cancelTimers: [PLACEMENT_DEADLINE],
  };
}

function late(order: Order, type: string, now: number): Outcome {
  if (!isRefused(order.status)) throw new Error(`${type} does not fit order ${order.id} in ${order.status}`);
  return record(order, [{ type, status: order.status, detail: { late: true } }], now);
}

const known = (order: Order | undefined): Order => {
  if (!order) throw new Error("there is no such order");
  return order;
};

/** Handlers of every answer that the saga names. */
export const sagaHandlers: readonly MessageHandler<Order, never>[] = saga.flatMap((step) => {
  // After the pivot nobody waits at a counter.
  const urgency = step.fails ? ("customer" as const) : ("background" as const);
  const handlers = [
    on<Order, unknown>(step.succeeds.type, (order, _data, { now }) => succeed(known(order), step, now), { urgency }),
  ];
  if (step.fails)
    handlers.push(on<Order, unknown>(step.fails.type, (order, data, { now }) => fail(known(order), step, data, now)));
  const undone = step.undone?.type;
  if (undone)
    handlers.push(
      on<Order, unknown>(
        undone,
        (order, _data, { now }) => record(known(order), [{ type: undone.type, status: known(order).status }], now),
        { urgency: "background" },
      ),
    );
  return handlers;
});

export const sagaTimers: readonly TimerHandler<Order, never>[] = [
  { kind: PLACEMENT_DEADLINE, decide: (order, { now }) => expire(known(order), now) },
];
