/**
 * One order's payment: what it may be, what may be under way for it, and how work at the provider begins and is tried
 * again. What is decided: authorising.ts, capturing.ts, giving-back.ts, manual-refund.ts; on what: handlers.ts; what ends
 * a wait: waking.ts.
 *
 * One thing is done at a time: while there is work, there is one open call or one timer, and whatever is asked for
 * meanwhile is noted in `voidFor` or `refundsAsked` and done when that has ended. `order` alone ends an order; what ends
 * here is an attempt.
 *
 * An outcome or a timer that an operator has discarded never comes, and nothing here can tell that from one that takes
 * its time. So a command that is repeated, as an operator's retry does, begins the work again: where it is unknown what
 * happened the provider is asked, and all else is sent under its key, which the provider enters once. Should both
 * outcomes come, the one that is awaited no more is ignored.
 */
import { doubledPauseMs } from "../../runtime/backoff.ts";
import { call } from "../../runtime/messages/call.ts";
import type { OutgoingMessage } from "../../runtime/messages/contract.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { authoriseCall, captureCall, inquireCall, manualRefundCall, refundCall, voidCall } from "./provider.ts";

/** What the customer and the operator see. */
export const paymentStatuses = [
  "PENDING",
  "REQUIRES_ACTION",
  "AUTHORISED",
  "CAPTURED",
  "VOIDED",
  "PARTIALLY_REFUNDED",
  "REFUNDED",
  "DECLINED",
] as const;

export type PaymentStatus = (typeof paymentStatuses)[number];

/** Where a payment may go from each status. */
export const paymentTransitions: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  PENDING: ["REQUIRES_ACTION", "AUTHORISED", "DECLINED", "VOIDED"],
  REQUIRES_ACTION: ["AUTHORISED", "DECLINED", "VOIDED"],
  AUTHORISED: ["CAPTURED", "VOIDED"],
  CAPTURED: ["PARTIALLY_REFUNDED", "REFUNDED"],
  PARTIALLY_REFUNDED: ["REFUNDED"],
  REFUNDED: [],
  VOIDED: [],
  DECLINED: [],
};

/** What is being done about a payment, and the statuses in which it may be. */
export const workIn = {
  none: ["AUTHORISED", "CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED", "VOIDED", "DECLINED"],
  authorise: ["PENDING"],
  /** Asks what became of the authorisation, or of its capture. */
  inquire: ["PENDING", "REQUIRES_ACTION", "AUTHORISED"],
  await_customer: ["REQUIRES_ACTION"],
  capture: ["AUTHORISED"],
  void: ["PENDING", "REQUIRES_ACTION", "AUTHORISED"],
  refund: ["CAPTURED", "PARTIALLY_REFUNDED"],
  manual_refund: ["CAPTURED", "PARTIALLY_REFUNDED"],
} as const satisfies Record<string, readonly PaymentStatus[]>;

export type PaymentWork = keyof typeof workIn;

export type DeclineReason = "payment_declined" | "payment_timeout" | "payment_unavailable";

/** Who wants it undone: `order` by VoidPayment or RefundPayment, or nobody, and it is given up for this reason. */
export type VoidReason = "order" | "order_refund" | "authorisation_expired" | DeclineReason;

export interface Payment {
  readonly orderId: string;
  readonly id: string;
  readonly customerId: string;
  readonly status: PaymentStatus;
  readonly currency: string;
  readonly amount: number;
  readonly authorised: number;
  readonly captured: number;
  readonly refunded: number;
  readonly token: string;
  readonly attempt: number;
  /** Each grows once the provider has done or refused what was asked under the present one. */
  readonly captureAttempt: number;
  readonly refundAttempt: number;
  readonly manualRefundAttempt: number;
  readonly work: PaymentWork;
  /** How often the authorisation was sent and its answer waited for. */
  readonly tries: number;
  /** Failed goes at the present work in a row, for its backoff. */
  readonly failures: number;
  readonly voidFor: VoidReason | null;
  /** Where the customer has to do something, and until when. */
  readonly actionUrl: string | null;
  readonly actionUntil: number | null;
  /** Manual refunds that were accepted and are not done, one after the other: the first of them is under way. */
  readonly refundsAsked: readonly number[];
  /** What of `refunded` went back by manual refunds: the order's sale stands, over so much less. */
  readonly manuallyRefunded: number;
  /** The provider has told something since the work under way began: its answer may be older than that. */
  readonly acted: boolean;
  /** The work under way waits for its next go. */
  readonly paused: boolean;
  /** The authorisation cannot be captured afterwards; null while there is none that charges. */
  readonly authorisedUntil: number | null;
  readonly detail: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** ISO 4217 for no currency: of a payment that was never asked for. */
export const NO_CURRENCY = "XXX";

type AboutPayment = Pick<Payment, "orderId" | "id" | "customerId" | "currency" | "amount" | "token" | "attempt">;

/** A payment of which nothing is known but what is asked for. */
export const newPayment = (about: AboutPayment, now: number): Payment => ({
  ...about,
  status: "PENDING",
  authorised: 0,
  captured: 0,
  refunded: 0,
  captureAttempt: 1,
  refundAttempt: 1,
  manualRefundAttempt: 1,
  work: "none",
  tries: 1,
  failures: 0,
  voidFor: null,
  actionUrl: null,
  actionUntil: null,
  refundsAsked: [],
  manuallyRefunded: 0,
  acted: false,
  paused: false,
  authorisedUntil: null,
  detail: null,
  createdAt: now,
  updatedAt: now,
});

export interface PaymentRules {
  /** How long an unreachable provider is tried again before an authorisation is given up. */
  readonly retryForMs: number;
  /** How long the provider may take before it is asked what happened. */
  readonly answerTimeoutMs: number;
  /** How long the customer may take where something is asked of them. */
  readonly customerActionMs: number;
  /** How long an authorisation can be captured. */
  readonly authorisationMs: number;
}

export type Outcome = Decision<Payment>;

/** Timers. A release that knows of no manual refunds has none for them. */
export const AGAIN = "again";
export const MANUAL_REFUND_AGAIN = "manual-refund-again";
export const CUSTOMER_ACTION = "customer-action";

const BACKOFF = { firstMs: 500, mostMs: 30_000 };

/** The provider's key of the authorisation: it grows only with the attempt, so a repeated call finds what the first one did. */
export const providerKey = (payment: Pick<Payment, "orderId" | "attempt">) =>
  `${payment.orderId}:auth:${payment.attempt}`;

/** Whose payment an authorisation's key is of. */
export const orderOfKey = (key: string) => key.slice(0, key.indexOf(":"));

/** What was captured and not given back. */
export const kept = ({ captured, refunded }: Payment) => captured - refunded;

/** The call that does a piece of work. Its key is the same however often it is made. */
function callFor(payment: Payment, work: PaymentWork) {
  const key = providerKey(payment);
  const { orderId, amount, currency, token } = payment;
  switch (work) {
    case "authorise":
      return call(authoriseCall, { key, amount, currency, token });
    case "inquire":
      return call(inquireCall, { key });
    case "capture":
      return call(captureCall, {
        key: `${orderId}:capture:${payment.captureAttempt}`,
        authorisation: key,
        amount: payment.authorised,
        currency,
      });
    case "void":
      return call(voidCall, { key });
    case "refund":
      return call(refundCall, {
        key: `${orderId}:refund:${payment.refundAttempt}`,
        authorisation: key,
        amount: kept(payment),
        currency,
      });
    case "manual_refund":
      return call(manualRefundCall, {
        key: `${orderId}:manual-refund:${payment.manualRefundAttempt}`,
        authorisation: key,
        amount: payment.refundsAsked[0] ?? 0,
        currency,
      });
    case "await_customer":
    case "none":
      return null;
  }
}

/** Goes on with the present work. */
export function goOn(payment: Payment, now: number): Outcome {
  const made = callFor(payment, payment.work);
  const state: Payment = { ...payment, acted: false, paused: false, updatedAt: now };
  return made === null ? { state } : { state, calls: [made] };
}

/** Begins a piece of work: its backoff begins anew. */
export const startWork = (payment: Payment, work: PaymentWork, now: number): Outcome =>
  goOn({ ...payment, work, failures: 0 }, now);

/** The timer of the pause before another go at a piece of work. */
export const pauseTimer = (work: PaymentWork) => (work === "manual_refund" ? MANUAL_REFUND_AGAIN : AGAIN);

/** The work under way once more, as its outcome may be lost. What it was to find out or to do, it does all the same. */
export function beginAgain(payment: Payment, now: number): Outcome {
  const { work } = payment;
  const asks = work === "authorise" || work === "capture" || work === "await_customer";
  return { ...startWork(payment, asks ? "inquire" : work, now), cancelTimers: [pauseTimer(work), CUSTOMER_ACTION] };
}

/** Whether this is the call that the payment waits for, under the key that it would have now. */
export function isAwaited(payment: Payment, kind: string, { key }: { readonly key: string }): boolean {
  const made = callFor(payment, payment.work);
  return made !== null && made.kind === kind && JSON.parse(made.request).key === key;
}

/** The same work again after a pause that doubles, or at `latestMs` if that is sooner; the pause is a durable timer. */
export function tryAgain(payment: Payment, now: number, latestMs: number = Number.POSITIVE_INFINITY): Outcome {
  const failures = payment.failures + 1;
  const dueMs = Math.min(now + doubledPauseMs(failures, BACKOFF), latestMs);
  const kind = pauseTimer(payment.work);
  return { state: { ...payment, failures, paused: true, updatedAt: now }, setTimers: [{ kind, dueMs }] };
}

/** Nothing more is to be done, and whoever asked is told. */
export const settle = (payment: Payment, now: number, ...messages: OutgoingMessage[]): Outcome => ({
  state: {
    ...payment,
    work: "none",
    failures: 0,
    voidFor: null,
    refundsAsked: [],
    acted: false,
    paused: false,
    updatedAt: now,
  },
  messages,
});

/** A command or an answer for a payment that does not exist is a bug. */
export const known = (payment: Payment | undefined): Payment => {
  if (!payment) throw new Error("there is no such payment");
  return payment;
};
