/**
 * Giving back. What can be undone depends on how far the payment came: an authorisation is voided, captured money is
 * refunded. Both are tried without end, because the order has ended and the money is not ours; both may be repeated,
 * because the provider enters each key once. What is under way ends first and is undone then, before anybody hears of it.
 *
 * Every VoidPayment and RefundPayment is followed by an answer; one answer may follow several of them.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import { message } from "../../runtime/messages/contract.ts";
import { type DecisionContext, on } from "../../runtime/messages/decision.ts";
import { paymentCommands, paymentEvents } from "./contract.ts";
import {
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
        return { state: asked };
    }
  },
);

export const refundPayment = on(
  paymentCommands.RefundPayment,
  (payment: Payment | undefined, _asked, { now }: DecisionContext): Outcome => {
    const present = known(payment);
    const { status, work } = present;
    if (work === "refund") return { state: { ...present, updatedAt: now } };
    // A capture may be under way. A void that `order` has asked for answers this as well.
    if (status === "AUTHORISED" && work !== "none") {
      const voidFor = present.voidFor === "order" ? "order" : "order_refund";
      return { state: { ...present, voidFor, updatedAt: now } };
    }
    if (status === "CAPTURED" || status === "PARTIALLY_REFUNDED" || status === "REFUNDED")
      return refundRest(present, now);
    return { state: { ...present, updatedAt: now }, messages: [moneyWentBack(present, 0)] };
  },
);

/** What follows when a refund was sent. */
export function onRefund(payment: Payment, amount: number, outcome: CallOutcome<RefundVerdict>, now: number): Outcome {
  if (outcome.kind !== "answered") return tryAgain(payment, now);
  const asked: Payment = { ...payment, refundAttempt: payment.refundAttempt + 1 };
  if (outcome.answer.result === "refused") return tryAgain({ ...asked, detail: outcome.answer.detail }, now);
  const refunded = payment.refunded + amount;
  const back: Payment = { ...asked, status: "REFUNDED", refunded, detail: null };
  return settle(back, now, moneyWentBack(back, amount));
}
