/**
 * One order's payment. Nothing is charged blindly: an authorisation whose outcome is unknown is asked for; only when
 * the provider has never seen its key is it sent again, once, under the same key; and before the payment is given up
 * the key is voided at the provider, so that no late arrival can charge.
 *
 * `order` alone ends an order. What ends here is an attempt, and it is reported.
 */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import { call, onOutcome } from "../../runtime/messages/call.ts";
import { message } from "../../runtime/messages/contract.ts";
import { type Decision, type DecisionContext, on, type TimerHandler } from "../../runtime/messages/decision.ts";
import { paymentCommands, paymentEvents } from "./contract.ts";
import { authoriseCall, inquireCall, type PaymentProvider, type Verdict, voidCall } from "./provider.ts";

/** What the customer and the operator see. */
export type PaymentStatus = "PENDING" | "AUTHORISED" | "DECLINED" | "VOIDED";

type DeclineReason = "payment_declined" | "payment_timeout" | "payment_unavailable";

/** What is being done about a payment that is not decided, or that is being undone. */
export type PaymentWork = "authorise" | "inquire" | "void" | "none";

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
  readonly work: PaymentWork;
  /** How often the authorisation was sent. */
  readonly tries: number;
  /** Failed goes at the present work in a row, for its backoff. */
  readonly failures: number;
  /** Why it is being voided: `order` asked, or the attempt is given up for this reason. */
  readonly voidFor: "order" | DeclineReason | null;
  readonly detail: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface PaymentRules {
  /** How long an unreachable provider is tried again. */
  readonly retryForMs: number;
  /** How long the provider may take before it is asked what happened. */
  readonly answerTimeoutMs: number;
}

type Outcome = Decision<Payment>;

const MAX_TRIES = 2;
const AGAIN = "again";
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/** The provider's key: it grows only with the attempt, so a repeated call finds what the first one did. */
export const providerKey = (payment: Pick<Payment, "orderId" | "attempt">) =>
  `${payment.orderId}:auth:${payment.attempt}`;

const startWork = (payment: Payment, work: PaymentWork, now: number): Outcome => {
  const key = providerKey(payment);
  const { amount, currency, token } = payment;
  const state: Payment = { ...payment, work, updatedAt: now };
  switch (work) {
    case "authorise":
      return { state, calls: [call(authoriseCall, { key, amount, currency, token })] };
    case "inquire":
      return { state, calls: [call(inquireCall, { key })] };
    case "void":
      return { state, calls: [call(voidCall, { key })] };
    case "none":
      return { state };
  }
};

/** The same work again after a pause that doubles; the pause is a durable timer. */
const tryAgain = (payment: Payment, now: number): Outcome => {
  const failures = payment.failures + 1;
  const pauseMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(10, failures - 1));
  return { state: { ...payment, failures, updatedAt: now }, setTimers: [{ kind: AGAIN, dueMs: now + pauseMs }] };
};

const giveUp = (payment: Payment, reason: DeclineReason, now: number) =>
  startWork({ ...payment, voidFor: payment.voidFor ?? reason, failures: 0 }, "void", now);

function decided(payment: Payment, verdict: Verdict, now: number): Outcome {
  const settled: Payment = { ...payment, work: "none", failures: 0, updatedAt: now };
  switch (verdict.result) {
    case "authorised":
      // The order ended while the provider was thinking: what was authorised is undone before anybody hears of it.
      if (payment.voidFor !== null) return startWork({ ...payment, failures: 0 }, "void", now);
      return {
        state: { ...settled, status: "AUTHORISED", authorised: payment.amount },
        messages: [message(paymentEvents.PaymentAuthorised, { amount: payment.amount, currency: payment.currency })],
      };
    case "declined":
      if (payment.voidFor !== null) return voided(settled, now);
      return {
        state: { ...settled, status: "DECLINED", detail: verdict.detail },
        messages: [message(paymentEvents.PaymentDeclined, { reason: "payment_declined", detail: verdict.detail })],
      };
    case "voided":
      return voided(settled, now);
  }
}

function voided(payment: Payment, now: number): Outcome {
  const settled: Payment = { ...payment, work: "none", failures: 0, authorised: 0, updatedAt: now };
  if (payment.voidFor === null || payment.voidFor === "order")
    return { state: { ...settled, status: "VOIDED" }, messages: [message(paymentEvents.PaymentVoided, {})] };
  return {
    state: { ...settled, status: "DECLINED", detail: payment.voidFor },
    messages: [message(paymentEvents.PaymentDeclined, { reason: payment.voidFor })],
  };
}

const known = (payment: Payment | undefined): Payment => {
  if (!payment) throw new Error("there is no such payment");
  return payment;
};

/** Handlers of `payment.commands`. */
export const paymentHandlers = [
  on(
    paymentCommands.AuthorisePayment,
    (payment: Payment | undefined, asked, { key, now, ids }: DecisionContext): Outcome => {
      if (payment) return {};
      const { attempt, customerId, amount, currency, token } = asked;
      const begun: Payment = {
        orderId: key,
        id: ids.next(),
        customerId,
        status: "PENDING",
        currency,
        amount,
        authorised: 0,
        captured: 0,
        refunded: 0,
        token,
        attempt,
        work: "none",
        tries: 1,
        failures: 0,
        voidFor: null,
        detail: null,
        createdAt: now,
        updatedAt: now,
      };
      if (amount === 0) return decided(begun, { result: "authorised", reference: "nothing to charge" }, now);
      return startWork(begun, "authorise", now);
    },
  ),
  on(paymentCommands.VoidPayment, (payment: Payment | undefined, _asked, { now }: DecisionContext): Outcome => {
    const present = known(payment);
    const asked: Payment = { ...present, voidFor: "order", updatedAt: now };
    if (present.status === "VOIDED" || present.status === "DECLINED")
      return { state: asked, messages: [message(paymentEvents.PaymentVoided, {})] };
    // Work under way ends first: its outcome finds `voidFor` and goes on from there.
    return present.work === "none" ? startWork(asked, "void", now) : { state: asked };
  }),
];

/** What is decided on the provider's answers. */
export const paymentCalls = (rules: PaymentRules) => [
  onOutcome(
    authoriseCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, request, signal) => provider.authorise(request, signal),
    (payment: Payment | undefined, _request, outcome, { now }): Outcome => {
      const present = known(payment);
      switch (outcome.kind) {
        case "answered":
          return decided(present, outcome.answer, now);
        case "unknown":
          return startWork({ ...present, failures: 0 }, "inquire", now);
        case "unavailable":
          if (present.voidFor !== null) return giveUp(present, "payment_unavailable", now);
          return now - present.createdAt < rules.retryForMs
            ? tryAgain(present, now)
            : giveUp(present, "payment_unavailable", now);
      }
    },
  ),
  onOutcome(
    inquireCall,
    rules.answerTimeoutMs,
    (provider: PaymentProvider, { key }, signal) => provider.inquire(key, signal),
    (payment: Payment | undefined, _request, outcome, { now }): Outcome => {
      const present = known(payment);
      if (outcome.kind !== "answered") return tryAgain(present, now);
      if (outcome.answer.result !== "none") return decided(present, outcome.answer, now);
      if (present.voidFor !== null || present.tries >= MAX_TRIES) return giveUp(present, "payment_timeout", now);
      return startWork({ ...present, tries: present.tries + 1, failures: 0 }, "authorise", now);
    },
  ),
  onOutcome(
    voidCall,
    rules.answerTimeoutMs,
    async (provider: PaymentProvider, { key }, signal) => {
      await provider.void(key, signal);
      return {};
    },
    (payment: Payment | undefined, _request, outcome: CallOutcome<object>, { now }): Outcome =>
      outcome.kind === "answered" ? voided(known(payment), now) : tryAgain(known(payment), now),
  ),
];

export const paymentTimers: readonly TimerHandler<Payment, never>[] = [
  {
    kind: AGAIN,
    decide: (payment, { now }) => {
      const present = known(payment);
      // The order ended during the pause of an authorisation that certainly did not happen.
      if (present.work === "authorise" && present.voidFor !== null) return giveUp(present, "payment_unavailable", now);
      return startWork(present, present.work, now);
    },
  },
];
