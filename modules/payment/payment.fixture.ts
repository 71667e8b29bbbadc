/** One payment, driven by hand: commands, answers of the provider, timers, all at a moment of the test's choice. */
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { paymentCalls, paymentHandlers, paymentTimers } from "./handlers.ts";
import { paymentInvariants } from "./invariants.ts";
import { askForRefund } from "./manual-refund.ts";
import { type Payment, providerKey } from "./payment.ts";
import { providerTold } from "./waking.ts";

export const ORDER = "0192aaaa-0000-7000-8000-000000000001";
export const NOW = 50_000;
export const RULES = {
  retryForMs: 5 * 60_000,
  answerTimeoutMs: 30_000,
  customerActionMs: 15 * 60_000,
  authorisationMs: 7 * 24 * 60 * 60_000,
};

const calls = paymentCalls(RULES);

const context = (now: number) => ({
  key: ORDER,
  now,
  ids: { next: () => "payment-id" },
  shared: new Map<string, never>(),
});

function held(before: Payment | undefined, decision: Decision<Payment>): Decision<Payment> {
  paymentInvariants(before, decision, new Map<string, never>());
  return decision;
}

export const asked = { attempt: 1, customerId: "alice", amount: 1000, currency: "USD", token: "tok_visa" };
export const unknown: CallOutcome<object> = { kind: "unknown", detail: "no answer in 30000 ms" };
export const unavailable: CallOutcome<object> = { kind: "unavailable", detail: "refused" };
export const answered = (answer: object): CallOutcome<object> => ({ kind: "answered", answer });

/** Answers of the provider. */
export const success = answered({ result: "authorised", reference: "r" });
export const taken = answered({ result: "captured" });
export const voided = answered({ result: "voided" });

/** The provider's key of the authorisation. */
export const AUTH = `${ORDER}:auth:1`;

export function command(type: string, payment: Payment | undefined, data: object = {}, now = NOW) {
  const handler = paymentHandlers.find((each) => each.type === type);
  if (!handler) throw new Error(`nobody handles ${type}`);
  return held(payment, handler.prepare(JSON.stringify(data)).decide(payment, context(now)));
}

/** The outcome of the call that `before` has made. */
export function outcome(before: Decision<Payment>, result: CallOutcome<object>, now = NOW, since?: Payment) {
  const made = before.calls?.[0];
  const handler = calls.find((each) => each.kind === made?.kind);
  if (!made || !handler) throw new Error("no call was made");
  const text: CallOutcome<string> =
    result.kind === "answered" ? { kind: "answered", answer: JSON.stringify(result.answer) } : result;
  const payment = since ?? stateOf(before);
  return held(payment, handler.decide(payment, made.request, text, context(now)));
}

export function timer(kind: string, payment: Payment, now = NOW) {
  const handler = paymentTimers.find((each) => each.kind === kind);
  if (!handler) throw new Error(`no timer ${kind}`);
  return held(payment, handler.decide(payment, context(now)));
}

/** The provider tells something about the authorisation. */
export function wake(payment: Payment, now = NOW, authorisation = providerKey(payment)): Decision<Payment> {
  return held(payment, providerTold.decide(payment, { authorisation }, context(now)));
}

/** An operator asks for a refund. */
export function refundManually(payment: Payment, amount: number, currency = "USD", now = NOW) {
  const decision = askForRefund.decide(payment, { amount, currency }, context(now));
  held(payment, decision);
  return decision;
}

export const stateOf = (decision: Decision<Payment>): Payment => {
  if (!decision.state) throw new Error("nothing was decided");
  return decision.state;
};
export const called = (decision: Decision<Payment>) =>
  (decision.calls ?? []).map(({ kind, request }): [string, string] => [kind, JSON.parse(request).key]);
export const told = (decision: Decision<Payment>) =>
  (decision.messages ?? []).map(({ type, data }) => [type, JSON.parse(data)]);

export const begin = (data: object = asked) => command("AuthorisePayment", undefined, data);
export const authorised = () => stateOf(outcome(begin(), success));
export const captured = () => stateOf(outcome(command("CapturePayment", authorised()), taken));
/** A payment of 0 as it is authorised. */
export const free = () => stateOf(begin({ ...asked, amount: 0 }));
