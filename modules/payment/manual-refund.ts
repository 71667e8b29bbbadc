/**
 * Refunds that operators ask for while the sale stands. Each is accepted or refused on the payment's own row, where those
 * that are accepted and not done yet count as gone: asked for at once, they never give back more than was captured.
 * They are carried out one after the other, each under a key of its own, before what `order` wants (giving-back.ts).
 *
 * Their work, call and timer have names of their own, so that a replica of a release that knows of no manual refunds
 * parks what comes to it instead of taking it for `order`'s refund of everything.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Command } from "../../runtime/messages/decision.ts";
import type { Money } from "../../runtime/money.ts";
import { giveBackMore, isUndone, onRefund, wentBack } from "./giving-back.ts";
import { kept, type Outcome, type Payment, startWork, tryAgain } from "./payment.ts";
import type { RefundVerdict } from "./provider.ts";

export type RefundAnswer =
  | { readonly kind: "accepted"; readonly payment: Payment }
  | { readonly kind: "another currency"; readonly currency: string }
  | { readonly kind: "too much"; readonly left: number; readonly currency: string };

/** What was accepted and is not given back yet. */
export const refunding = ({ refundsAsked }: Payment) => refundsAsked.reduce((sum, amount) => sum + amount, 0);

/** What may still be asked for: nothing where everything is being given back. */
function left(payment: Payment): number {
  const isRestGoingBack = isUndone(payment) || payment.work === "refund";
  return isRestGoingBack ? 0 : kept(payment) - refunding(payment);
}

export const askForRefund: Command<Payment, never, Money, RefundAnswer> = {
  name: "ask-for-refund",
  decide(payment, { amount, currency }, { now }) {
    if (!payment) throw new Error("there is no such payment");
    if (currency !== payment.currency) return { answer: { kind: "another currency", currency: payment.currency } };
    if (amount > left(payment)) return { answer: { kind: "too much", left: left(payment), currency } };
    const asked: Payment = { ...payment, refundsAsked: [...payment.refundsAsked, amount], updatedAt: now };
    const decision = payment.work === "none" ? startWork(asked, "manual_refund", now) : { state: asked };
    return { ...decision, answer: { kind: "accepted", payment: decision.state ?? asked } };
  },
};

/** What follows when a manual refund was sent: the next one, or what `order` wants. One that is refused is given up. */
export function onManualRefund(
  payment: Payment,
  amount: number,
  outcome: CallOutcome<RefundVerdict>,
  now: number,
): Outcome {
  if (outcome.kind !== "answered") return tryAgain(payment, now);
  const [manual = 0, ...refundsAsked] = payment.refundsAsked;
  const asked: Payment = { ...payment, manualRefundAttempt: payment.manualRefundAttempt + 1, refundsAsked };
  if (outcome.answer.result === "refused") return giveBackMore({ ...asked, detail: outcome.answer.detail }, now);
  const manuallyRefunded = payment.manuallyRefunded + manual;
  const { back, told } = wentBack({ ...asked, manuallyRefunded }, amount);
  return giveBackMore(back, now, told);
}

/**
 * What follows when a refund was sent under the name and key of `order`'s. The release before has sent manual ones so as
 * well: one over the amount that is asked for is that one. Where it is all that is left and was refused, `order` may have
 * asked for it, and the manual one is tried under its own key.
 */
export function onEitherRefund(
  payment: Payment,
  amount: number,
  outcome: CallOutcome<RefundVerdict>,
  now: number,
): Outcome {
  const isManual = outcome.kind === "answered" && payment.refundsAsked[0] === amount;
  if (!isManual || (outcome.answer.result === "refused" && amount === kept(payment)))
    return onRefund(payment, amount, outcome, now);
  return onManualRefund({ ...payment, refundAttempt: payment.refundAttempt + 1 }, amount, outcome, now);
}
