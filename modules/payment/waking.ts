/**
 * What ends a payment's wait: its pause is over, or the provider tells something of its own accord.
 *
 * What the provider tells decides nothing: it may be old, repeated, or come before the answer to the very call that it
 * is about. It only lets the payment ask sooner. While a call is open, its answer comes first; only where that may be that
 * the customer has not acted yet, it is noted that they may have since. All else writes nothing.
 */
import type { Command } from "../../runtime/messages/decision.ts";
import { askAfterAction, giveUp } from "./authorising.ts";
import { captureUnlessOver } from "./capturing.ts";
import { CUSTOMER_ACTION, goOn, type Outcome, type Payment, pauseTimer, providerKey } from "./payment.ts";

/** The pause before another go at the work is over. */
export function resume(payment: Payment, now: number): Outcome {
  // The order ended during the pause of an authorisation that certainly did not happen.
  if (payment.work === "authorise" && payment.voidFor !== null) return giveUp(payment, "payment_unavailable", now);
  if (payment.work === "capture") return captureUnlessOver(payment, now);
  return goOn(payment, now);
}

/** The provider tells that something has happened to an authorisation. */
export const providerTold: Command<Payment, never, { readonly authorisation: string }, null> = {
  name: "provider-told",
  decide(payment, { authorisation }, { now }) {
    if (!payment || providerKey(payment) !== authorisation) return { answer: null };
    if (payment.work === "await_customer")
      return { ...askAfterAction(payment, now), cancelTimers: [CUSTOMER_ACTION], answer: null };
    if (payment.paused) return { ...resume(payment, now), cancelTimers: [pauseTimer(payment.work)], answer: null };
    const isCustomerAsked = payment.work === "authorise" || payment.work === "inquire";
    return isCustomerAsked ? { state: { ...payment, acted: true, updatedAt: now }, answer: null } : { answer: null };
  },
};
