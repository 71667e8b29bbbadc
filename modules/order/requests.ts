/**
 * What customers and operators may ask of an order that is under way: to cancel it, to take it back, to take care of
 * one that needs attention. Whether it is too late is decided on the order's row, in the commit that does it. Asking
 * again for what has been asked changes nothing and is answered alike.
 */
import type { Command, Decision } from "../../runtime/messages/decision.ts";
import type { Deadlines } from "../../runtime/module.ts";
import { isCancellable, isRefused, known, type Order } from "./order.ts";
import { entered, type Moment, type Outcome, outcome } from "./outcome.ts";
import { changed, movedTo } from "./record.ts";
import { asksAgain, cancel, complete } from "./undoing.ts";

/** Who asks, as the history tells it. */
export interface Asker {
  readonly by: "customer" | "operator";
}

/** An order as its sender has read it; null: it has changed since. A change that anybody can see has an entry in the history. */
export type AsRead = Pick<Order, "historyLength"> | null;

/** `refused` says why it cannot be done now; `changed`: the order is not as its sender has read it. */
export type Answer =
  | { readonly kind: "accepted"; readonly order: Order }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "changed" };

type RequestCommand<Input> = Command<Order, never, Input, Answer>;

const accepted = (decided: Outcome): Decision<Order> & { answer: Answer } => ({
  ...decided,
  answer: { kind: "accepted", order: decided.state },
});
const asItIs = (order: Order) => ({ state: order, answer: { kind: "accepted" as const, order } });
const refused = (why: string) => ({ answer: { kind: "refused" as const, why } });

function command<Input>(
  name: string,
  deadlines: Deadlines,
  decide: (order: Order, input: Input, moment: Moment) => Decision<Order> & { readonly answer: Answer },
): RequestCommand<Input> {
  return { name, decide: (order, input, { now }) => decide(known(order), input, { now, deadlines }) };
}

interface Cancellation extends Asker {
  /** Only such an order is cancelled; absent: any. */
  readonly onlyAs?: AsRead;
}

/** Cancels the order, until its parcel has left. */
export const cancelOrder = (deadlines: Deadlines) =>
  command<Cancellation>("cancelOrder", deadlines, (order, { by, onlyAs }, moment) => {
    if (onlyAs !== undefined && onlyAs?.historyLength !== order.historyLength) return { answer: { kind: "changed" } };
    if (order.stage === "CANCEL_PENDING" || order.stage === "CANCELLED") return asItIs(order);
    if (!isCancellable(order.stage))
      return refused(`The order is ${order.status}: it can be cancelled only until its parcel has left.`);
    const reason = `cancelled_by_${by}`;
    return accepted(cancel(order, reason, { type: "CancelRequested", detail: { by } }, moment));
  });

/** Takes a delivered order back, as long as its return window is open. */
export const returnOrder = (deadlines: Deadlines) =>
  command<Asker & { readonly reason: string }>("returnOrder", deadlines, (order, { by, reason }, moment) => {
    if (order.stage === "GIVING_BACK" || order.stage === "RETURNED") return asItIs(order);
    if (order.stage !== "DELIVERED")
      return refused(
        order.stage === "COMPLETED"
          ? "The order is COMPLETED: the time in which it could be returned is over."
          : `The order is ${order.status}: only a delivered order can be returned.`,
      );
    const moved = movedTo(order, "GIVING_BACK");
    const event = { type: "ReturnAccepted", status: moved.status, detail: { by, reason } };
    return accepted(entered(order, moved, [event], moment));
  });

/** What an operator may do with an order in NEEDS_ATTENTION. */
export const resolutions = ["retry", "cancel", "close"] as const;

export interface Resolution {
  readonly action: (typeof resolutions)[number];
  readonly reason: string;
}

/**
 * Takes care of an order in NEEDS_ATTENTION. `retry`: what was asked is asked again; `cancel`: everything is undone;
 * `close`: what could not be undone was settled by hand; the rest is undone, and the order ends as it was about to. The
 * reason stands in the history, which the customer reads.
 */
export const resolveOrder = (deadlines: Deadlines) =>
  command<Resolution>("resolveOrder", deadlines, (order, { action, reason }, moment) => {
    if (order.attention === null) return refused(`The order is ${order.status}: it needs nobody's attention.`);
    const event = { type: "OrderResolved", detail: { action, reason } };
    const awake = changed(order, { attention: null });
    switch (action) {
      case "retry":
        return accepted(outcome(order, awake, [{ ...event, status: awake.status }], asksAgain(order), moment));
      case "cancel":
        return isCancellable(order.stage)
          ? accepted(cancel(order, "cancelled_by_operator", event, moment))
          : refused("This order is being undone already: use retry, or close once it is settled by hand.");
      case "close":
        return close(order, event, moment);
    }
  });

/** The undo that is under way counts as done; what is left is undone as ever, each under its own deadline. */
function close(order: Order, event: { type: string; detail: object }, moment: Moment) {
  const told = { type: event.type, detail: { ...event.detail } };
  const [undo] = order.undoing;
  if (order.stage === "CANCEL_PENDING" && undo !== undefined)
    return undo === "shipment"
      ? refused("Only delivery knows whether the parcel has left: use retry.")
      : accepted(complete(byHand(order, undo === "payment"), undo, told, moment));
  if (order.stage === "GIVING_BACK") {
    const ended = movedTo(byHand(order, true), "RETURNED");
    return accepted(entered(order, ended, [{ ...told, status: ended.status }], moment));
  }
  if (isRefused(order.stage)) {
    const ended = changed(byHand(order, order.undoing.includes("payment")), { attention: null, undoing: [] });
    return accepted(outcome(order, ended, [{ ...told, status: ended.status }], [], moment));
  }
  return refused("This order is still to be delivered: use retry or cancel.");
}

const byHand = (order: Order, isMoney: boolean) => (isMoney ? changed(order, { settledByHand: true }) : order);
