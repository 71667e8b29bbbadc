/**
 * Giving back. What can be undone depends on how far the payment came: an authorisation is voided, captured money is
 * refunded. Both are tried without end, because the order has ended and the money is not ours; both may be repeated,
 * because the provider enters each key once. What is under way ends first and is undone then, before anybody hears of it.
 * Refunds are made one after the other; those that operators have asked for (manual-refund.ts) come before `order`'s.
 *
 * Every VoidPayment and RefundPayment is followed by an answer; one answer may follow several of them. One that is
 * repeated begins again with what is under way, whose outcome may be lost.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import { message, type OutgoingMessage } from "../../runtime/messages/contract.ts";
import { type DecisionContext, on } from "../../runtime/messages/decision.ts";
import { paymentCommands, paymentEvents } from "./contract.ts";
import {
  beginAgain,
  CUSTOMER_ACTION,
  kept,
  known,
  NO_CURRENCY,
  newPayment,
  type Outcome,
  type Payment,
  settle,
  startWork,
  tryAgain,
  type VoidReason,
} from "./payment.ts";
import type { RefundVerdict } from "./provider.ts";

const moneyWentBack = ({ captured, refunded, currency }: Payment, amount: number) =>
  message(paymentEvents.PaymentRefunded, { amount, refunded, captured, currency });

/** Whether `order` wants the money back, whatever becomes of what is under way. */
export const isUndone = ({ voidFor }: Payment) => voidFor === "order" || voidFor === "order_refund";

/** It is certain that nothing was captured, and that nothing will be. */
export function voided(payment: Payment, now: number): Outcome {
  const reason: VoidReason = payment.voidFor ?? "order";
  const ended: Payment = { ...payment, status: "VOIDED", authorised: 0 };
  switch (reason) {
    case "order":
      return settle(ended, now, message(paymentEvents.PaymentVoided, {}));
    case "order_refund":
      return settle(ended, now, moneyWentBack(ended, 0));
    case "authorisation_expired":
      return settle({ ...ended, detail: reason }, now, message(paymentEvents.PaymentCaptureFailed, { reason }));
    case "payment_declined":
    case "payment_timeout":
    case "payment_unavailable":
      return settle(
        { ...ended, status: "DECLINED", detail: reason },
        now,
        message(paymentEvents.PaymentDeclined, { reason }),
      );
  }
}

/** Gives back everything that was captured and not refunded yet. */
export const refundRest = (payment: Payment, now: number): Outcome =>
  kept(payment) > 0
    ? startWork(payment, "refund", now)
    : settle({ ...payment, status: "REFUNDED" }, now, moneyWentBack(payment, 0));

function undo(payment: Payment, now: number): Outcome {
  switch (payment.status) {
    case "PENDING":
    case "REQUIRES_ACTION":
    case "AUTHORISED":
      return startWork(payment, "void", now);
    case "CAPTURED":
    case "PARTIALLY_REFUNDED":
    case "REFUNDED":
      return refundRest(payment, now);
    case "VOIDED":
    case "DECLINED":
      return settle(payment, now, message(paymentEvents.PaymentVoided, {}));
  }
}

/** Stands for a payment that was undone and never asked for, or whose asking was discarded: it can be none any more. */
const neverAuthorised = (orderId: string, id: string, now: number): Payment => ({
  ...newPayment({ orderId, id, customerId: "", currency: NO_CURRENCY, amount: 0, token: "", attempt: 1 }, now),
  status: "VOIDED",
});

/** Handles VoidPayment: whatever became of the payment is undone, now or when what is under way has ended. */
export const voidPayment = on(
  paymentCommands.VoidPayment,
  (payment: Payment | undefined, _asked, { key, now, ids }: DecisionContext): Outcome => {
    if (!payment)
      return { state: neverAuthorised(key, ids.next(), now), messages: [message(paymentEvents.PaymentVoided, {})] };
    const asked: Payment = { ...payment, voidFor: "order", updatedAt: now };
    switch (asked.work) {
      case "none":
        return undo(asked, now);
      case "await_customer":
        return { ...undo(asked, now), cancelTimers: [CUSTOMER_ACTION] };
      default:
        // Its outcome finds `voidFor` and goes on from there.
        return payment.voidFor === "order" ? beginAgain(asked, now) : { state: asked };
    }
  },
);

/** Handles RefundPayment: gives back what was captured, or what a capture under way turns out to take. */
export const refundPayment = on(
  paymentCommands.RefundPayment,
  (payment: Payment | undefined, _asked, { now }: DecisionContext): Outcome => {
    const present = known(payment);
    const { status, work } = present;
    if (work === "refund") return beginAgain(present, now);
    if (work === "manual_refund")
      return isUndone(present)
        ? beginAgain(present, now)
        : // The rest follows; what gives it back answers this as well.
          { state: { ...present, voidFor: "order_refund", updatedAt: now } };
    // A capture may be under way. A void that `order` has asked for answers this as well.
    if (status === "AUTHORISED" && work !== "none") {
      if (isUndone(present)) return beginAgain(present, now);
      const voidFor = present.voidFor === "order" ? "order" : "order_refund";
      return { state: { ...present, voidFor, updatedAt: now } };
    }
    if (status === "CAPTURED" || status === "PARTIALLY_REFUNDED" || status === "REFUNDED")
      return refundRest({ ...present, voidFor: "order_refund" }, now);
    return { state: { ...present, updatedAt: now }, messages: [moneyWentBack(present, 0)] };
  },
);

/** The payment once an amount of it went back, and what is told of that. */
export function wentBack(payment: Payment, amount: number) {
  const refunded = payment.refunded + amount;
  const status = refunded === payment.captured ? "REFUNDED" : "PARTIALLY_REFUNDED";
  const back: Payment = { ...payment, status, refunded, detail: null };
  return { back, told: moneyWentBack(back, amount) };
}

/**
 * What follows when `order`'s refund was sent. A release that knows of no manual refunds may have begun it while one was
 * under way: what that one has given back, the rest is refused for, and it is found out first.
 */
export function onRefund(payment: Payment, amount: number, outcome: CallOutcome<RefundVerdict>, now: number): Outcome {
  if (outcome.kind !== "answered") return tryAgain(payment, now);
  const asked: Payment = { ...payment, refundAttempt: payment.refundAttempt + 1 };
  if (outcome.answer.result === "refused") {
    const { detail } = outcome.answer;
    return payment.refundsAsked.length === 0
      ? tryAgain({ ...asked, detail }, now)
      : giveBackMore({ ...asked, detail, voidFor: asked.voidFor ?? "order_refund" }, now);
  }
  const { back, told } = wentBack(asked, amount);
  return settle(back, now, told);
}

/** Goes on with what else was asked to be given back, or rests. */
export function giveBackMore(payment: Payment, now: number, ...told: OutgoingMessage[]): Outcome {
  if (payment.refundsAsked.length > 0) return { ...startWork(payment, "manual_refund", now), messages: told };
  const isMore = isUndone(payment) && kept(payment) > 0;
  return isMore ? { ...startWork(payment, "refund", now), messages: told } : settle(payment, now, ...told);
}
