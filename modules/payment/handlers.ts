/** Which decision each command, each answer of the provider and each pause that ends leads to. */
import { type CallKind, type CallOutcome, onOutcome } from "../../runtime/messages/call.ts";
import type { TimerHandler } from "../../runtime/messages/decision.ts";
import { askAfterAction, authorisePayment, onAuthorise, onStanding } from "./authorising.ts";
import { capturePayment, onCapture, onCaptureStanding, onVoid } from "./capturing.ts";
import { refundPayment, voidPayment } from "./giving-back.ts";
import { onEitherRefund, onManualRefund } from "./manual-refund.ts";
import {
  AGAIN,
  CUSTOMER_ACTION,
  isAwaited,
  known,
  MANUAL_REFUND_AGAIN,
  type Outcome,
  type Payment,
  type PaymentRules,
  tryAgain,
} from "./payment.ts";
import {
  authoriseCall,
  captureCall,
  inquireCall,
  manualRefundCall,
  type PaymentProvider,
  refundCall,
  voidCall,
} from "./provider.ts";
import { resume } from "./waking.ts";

type Present = Payment | undefined;

/** Handlers of `payment.commands`. */
export const paymentHandlers = [authorisePayment, capturePayment, voidPayment, refundPayment];

/** A call's handler that decides only on the outcome that is awaited: another may come when work was begun again. */
const onAwaited = <Request extends { readonly key: string }, Answer>(
  made: CallKind<Request, Answer>,
  timeoutMs: number,
  execute: (provider: PaymentProvider, request: Request, signal: AbortSignal) => Promise<Answer>,
  decide: (present: Payment, outcome: CallOutcome<Answer>, now: number, request: Request) => Outcome,
) =>
  onOutcome(made, timeoutMs, execute, (payment: Present, request, outcome, { now }) => {
    const present = known(payment);
    return isAwaited(present, made.kind, request) ? decide(present, outcome, now, request) : {};
  });

/** What is decided on the provider's answers. */
export const paymentCalls = (rules: PaymentRules) => [
  onAwaited(
    authoriseCall,
    rules.answerTimeoutMs,
    (provider, request, signal) => provider.authorise(request, signal),
    (present, outcome, now) => onAuthorise(present, outcome, rules, now),
  ),
  onAwaited(
    inquireCall,
    rules.answerTimeoutMs,
    (provider, { key }, signal) => provider.inquire(key, signal),
    (present, outcome, now) => {
      if (outcome.kind !== "answered") return tryAgain(present, now);
      return present.status === "AUTHORISED"
        ? onCaptureStanding(present, outcome.answer, now)
        : onStanding(present, outcome.answer, rules, now);
    },
  ),
  onAwaited(
    captureCall,
    rules.answerTimeoutMs,
    (provider, request, signal) => provider.capture(request, signal),
    onCapture,
  ),
  onAwaited(voidCall, rules.answerTimeoutMs, (provider, { key }, signal) => provider.void(key, signal), onVoid),
  onAwaited(
    refundCall,
    rules.answerTimeoutMs,
    (provider, request, signal) => provider.refund(request, signal),
    (present, outcome, now, { amount }) => onEitherRefund(present, amount, outcome, now),
  ),
  onAwaited(
    manualRefundCall,
    rules.answerTimeoutMs,
    (provider, request, signal) => provider.refund(request, signal),
    (present, outcome, now, { amount }) => onManualRefund(present, amount, outcome, now),
  ),
];

export const paymentTimers: readonly TimerHandler<Payment, never>[] = [
  ...[AGAIN, MANUAL_REFUND_AGAIN].map(
    (kind): TimerHandler<Payment, never> => ({
      kind,
      decide: (payment, { now }) => resume(known(payment), now),
    }),
  ),
  { kind: CUSTOMER_ACTION, decide: (payment, { now }) => askAfterAction(known(payment), now) },
];
