/** What must hold of an order's deadline at any moment, and how each token must end where nothing fails. */
import type { Deadlines } from "../../runtime/module.ts";
import type { Contents } from "./platform-contents.ts";
import type { Excused } from "./platform-invariants.ts";

const TIMER = "placement-deadline";
const EXPIRED = "OrderExpired";

/**
 * An undecided order has a deadline, and none has expired before it. `mayPark`: the deadline of this order may have been
 * parked; who replays it puts it back for at once, by a clock that may be behind.
 */
export function deadlineViolations(
  { orders, history, timers, deadLetters }: Contents,
  { placementMs }: Pick<Deadlines, "placementMs">,
  { discarded }: Excused,
  mayPark: (id: string) => boolean,
): string[] {
  const set = new Set(timers.map(({ name }) => name));
  const parked = new Set(deadLetters.flatMap(({ source, key }) => (source === `timer:${TIMER}` ? [key] : [])));
  const expiredMs = new Map(history.flatMap(({ key, type, atMs }) => (type === EXPIRED ? [[key, atMs]] : [])));
  return orders.flatMap(({ id, status, createdMs }) => {
    const atMs = expiredMs.get(id);
    if (atMs !== undefined && atMs < createdMs + placementMs && !mayPark(id))
      return [`order ${id} expired ${createdMs + placementMs - atMs} ms before its deadline`];
    const isOpen = status === "PENDING" || status === "RESERVED";
    return isOpen && !set.has(`order ${TIMER} of ${id}`) && !parked.has(id) && !discarded.has(id)
      ? [`order ${id} is ${status}, and nothing will end it at its deadline`]
      : [];
  });
}

const OF_PAYMENT: Readonly<Record<string, string | null>> = {
  tok_visa: null,
  tok_timeout_charged: null,
  tok_declined: "payment_declined",
  tok_insufficient_funds: "payment_declined",
  tok_timeout_not_charged: "payment_timeout",
  tok_provider_down: "payment_unavailable",
};

/**
 * Each token ends as README.md says, unless there was no stock or it was cancelled. Only where nothing failed, and where
 * an order has far more time than its payment may take. Calls that change hands with their shards cost no try.
 */
export function tokenViolations(
  { orders }: Contents,
  { placementMs, paymentAnswerMs, paymentRetryForMs }: Deadlines,
): string[] {
  return orders.flatMap(({ id, token, status, reason, total }) => {
    const wanted = total === 0 ? null : OF_PAYMENT[token];
    // A payment asks twice at most, or is tried again with pauses that double.
    const mayTakeMs = token === "tok_provider_down" ? 3 * paymentRetryForMs : 3 * paymentAnswerMs;
    const isCancelled = reason?.startsWith("cancelled_by_") === true;
    if (wanted === undefined || reason === "out_of_stock" || isCancelled || placementMs < mayTakeMs + CALM_MS)
      return [];
    return reason === wanted ? [] : [`order ${id} with ${token} is ${status} ${reason ?? ""}, though nothing failed`];
  });
}

/** Within so much time a message has come where nothing fails. */
const CALM_MS = 3000;
