/**
 * Authorising. Nothing is charged blindly: an authorisation whose outcome is unknown is asked for; only when the
 * provider has never seen its key is it sent again, once, under the same key; and before the payment is given up the
 * key is voided at the provider, so that no late arrival can charge. A call that was broken off by a crash or a change of
 * replicas, and not by the provider's silence, does not count; the order's own deadline ends that as well.
 *
 * Where the customer has to do something, the provider alone decides what came of it. Its webhook only wakes the payment
 * (waking.ts), which asks; told never, it asks when the time is up.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import { message } from "../../runtime/messages/contract.ts";
import { type DecisionContext, on } from "../../runtime/messages/decision.ts";
import { paymentCommands, paymentEvents } from "./contract.ts";
import { voided } from "./giving-back.ts";
import {
  beginAgain,
  CUSTOMER_ACTION,
  type DeclineReason,
  newPayment,
  type Outcome,
  type Payment,
  type PaymentRules,
  settle,
  startWork,
  tryAgain,
} from "./payment.ts";
import type { Standing, Verdict } from "./provider.ts";

const MAX_TRIES = 2;

/** Voids the key at the provider, for `order` if it has asked for that meanwhile. */
export const giveUp = (payment: Payment, reason: DeclineReason, now: number) =>
  startWork({ ...payment, voidFor: payment.voidFor ?? reason }, "void", now);

const authorised = (payment: Payment, authorisedUntil: number | null, now: number) =>
  settle(
    { ...payment, status: "AUTHORISED", authorised: payment.amount, authorisedUntil },
    now,
    message(paymentEvents.PaymentAuthorised, { amount: payment.amount, currency: payment.currency }),
  );

/** Handles AuthorisePayment: what was asked for before is not sent again, but its outcome asked for while it is open. */
export const authorisePayment = on(
  paymentCommands.AuthorisePayment,
  (payment: Payment | undefined, asked, { key, now, ids }: DecisionContext): Outcome => {
    if (payment) return payment.work === "none" ? {} : beginAgain(payment, now);
    const { attempt, customerId, amount, currency, token } = asked;
    const about = { orderId: key, id: ids.next(), customerId, currency, amount, token, attempt };
    const begun = newPayment(about, now);
    return amount === 0 ? authorised(begun, null, now) : startWork(begun, "authorise", now);
  },
);

/** What follows when the authorisation was sent. */
export function onAuthorise(payment: Payment, outcome: CallOutcome<Verdict>, rules: PaymentRules, now: number) {
  switch (outcome.kind) {
    case "answered":
      return decided(payment, outcome.answer, rules, now);
    case "unknown":
      if (outcome.isInterrupted) return startWork({ ...payment, tries: payment.tries - 1 }, "inquire", now);
      return startWork(payment, "inquire", now);
    case "unavailable":
      if (payment.voidFor !== null) return giveUp(payment, "payment_unavailable", now);
      return now - payment.createdAt < rules.retryForMs
        ? tryAgain(payment, now)
        : giveUp(payment, "payment_unavailable", now);
  }
}

/** What follows from how an authorisation that is not decided here stands at the provider. */
export function onStanding(payment: Payment, standing: Standing, rules: PaymentRules, now: number): Outcome {
  if (standing.result === "captured")
    throw new Error(`the provider has captured ${payment.orderId}, which nobody asked it to`);
  if (standing.result !== "none") return decided(payment, standing, rules, now);
  if (payment.voidFor !== null || payment.tries >= MAX_TRIES) return giveUp(payment, "payment_timeout", now);
  return startWork({ ...payment, tries: payment.tries + 1 }, "authorise", now);
}

function decided(payment: Payment, verdict: Verdict, rules: PaymentRules, now: number): Outcome {
  switch (verdict.result) {
    case "authorised":
      // The order ended while the provider was thinking: what was authorised is undone before anybody hears of it.
      if (payment.voidFor !== null) return startWork(payment, "void", now);
      return authorised(payment, now + rules.authorisationMs, now);
    case "declined":
      if (payment.voidFor !== null) return voided(payment, now);
      return settle(
        { ...payment, status: "DECLINED", detail: verdict.detail },
        now,
        message(paymentEvents.PaymentDeclined, { reason: "payment_declined", detail: verdict.detail }),
      );
    case "action_required":
      if (payment.voidFor !== null) return startWork(payment, "void", now);
      return awaitCustomer(payment, verdict.url, rules, now);
    case "voided":
      // Where nobody here has asked for that, the provider has given it up: `order` waits for a decision, not for an undo.
      return voided({ ...payment, voidFor: payment.voidFor ?? "payment_declined" }, now);
  }
}

function awaitCustomer(payment: Payment, url: string, rules: PaymentRules, now: number): Outcome {
  const actionUntil = payment.actionUntil ?? now + rules.customerActionMs;
  const told = payment.status === "REQUIRES_ACTION";
  const waiting: Payment = { ...payment, status: "REQUIRES_ACTION", actionUrl: url, actionUntil };
  const messages = told ? [] : [message(paymentEvents.PaymentActionRequired, { url })];
  // The answer may be older than what the customer did: ask again.
  if (payment.acted) return { ...startWork(waiting, "inquire", now), messages };
  if (now >= actionUntil) return giveUp(payment, "payment_timeout", now);
  return {
    ...startWork(waiting, "await_customer", now),
    messages,
    setTimers: [{ kind: CUSTOMER_ACTION, dueMs: actionUntil }],
  };
}

/** The customer's time is up, or they are said to have acted: what came of it is asked for. */
export const askAfterAction = (payment: Payment, now: number) => startWork(payment, "inquire", now);
