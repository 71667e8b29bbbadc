/** Which decision each answer of the provider leads to, and each pause that ends. */
import { onOutcome } from "../../runtime/messages/call.ts";
import type { TimerHandler } from "../../runtime/messages/decision.ts";
import { askAfterAction, authorisePayment, giveUp, onAuthorise, onStanding } from "./authorising.ts";
import { capturePayment, captureUnlessOver, onCapture, onCaptureStanding, onVoid } from "./capturing.ts";
import { onRefund, refundPayment, voidPayment } from "./giving-back.ts";
import { AGAIN, CUSTOMER_ACTION, goOn, known, type Payment, type PaymentRules, tryAgain } from "./payment.ts";
import { authoriseCall, captureCall, inquireCall, type PaymentProvider, refundCall, voidCall } from "./provider.ts";

type Present = Payment | undefined;

/** Handlers of `payment.commands`. */
export const paymentHandlers = [authorisePayment, capturePayment, voidPayment, refundPayment];

/** What is decided on the provider's answers. */
export const paymentCalls = (rules: PaymentRules) => [
  onOutcome(
    authoriseCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, request, signal) => provider.authorise(request, signal),
    (payment: Present, _request, outcome, { now }) => onAuthorise(known(payment), outcome, rules, now),
  ),
  onOutcome(
    inquireCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, { key }, signal) => provider.inquire(key, signal),
    (payment: Present, _request, outcome, { now }) => {
      const present = known(payment);
      if (outcome.kind !== "answered") return tryAgain(present, now);
      return present.status === "AUTHORISED"
        ? onCaptureStanding(present, outcome.answer, now)
        : onStanding(present, outcome.answer, rules, now);
    },
  ),
  onOutcome(
    captureCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, request, signal) => provider.capture(request, signal),
    (payment: Present, _request, outcome, { now }) => onCapture(known(payment), outcome, now),
  ),
  onOutcome(
    voidCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, { key }, signal) => provider.void(key, signal),
    (payment: Present, _request, outcome, { now }) => onVoid(known(payment), outcome, now),
  ),
  onOutcome(
    refundCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, request, signal) => provider.refund(request, signal),
    (payment: Present, { amount }, outcome, { now }) => onRefund(known(payment), amount, outcome, now),
  ),
];

export const paymentTimers: readonly TimerHandler<Payment, never>[] = [
  {
    kind: AGAIN,
    decide: (payment, { now }) => {
      const present = known(payment);
      // The order ended during the pause of an authorisation that certainly did not happen.
      if (present.work === "authorise" && present.voidFor !== null) return giveUp(present, "payment_unavailable", now);
      if (present.work === "capture") return captureUnlessOver(present, now);
      return goOn(present, now);
    },
  },
  { kind: CUSTOMER_ACTION, decide: (payment, { now }) => askAfterAction(known(payment), now) },
];
