import { describe, expect, test } from "bun:test";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Decision } from "../../runtime/messages/decision.ts";
import { type Payment, paymentCalls, paymentHandlers, paymentTimers, providerKey } from "./payment.ts";

const NOW = 50_000;
const RETRY_FOR_MS = 5 * 60_000;
const ORDER = "0192aaaa-0000-7000-8000-000000000001";
const calls = paymentCalls({ retryForMs: RETRY_FOR_MS, answerTimeoutMs: 30_000 });

const context = (now = NOW) => ({
  key: ORDER,
  now,
  ids: { next: () => "payment-id" },
  shared: new Map<string, never>(),
});

const command = (type: string, payment: Payment | undefined, data: object = {}) => {
  const handler = paymentHandlers.find((each) => each.type === type);
  if (!handler) throw new Error(`nobody handles ${type}`);
  return handler.prepare(JSON.stringify(data)).decide(payment, context());
};
const asked = { attempt: 1, customerId: "alice", amount: 1000, currency: "USD", token: "tok_visa" };

function outcome(kind: string, payment: Payment, result: CallOutcome<object>, now = NOW) {
  const handler = calls.find((each) => each.kind === kind);
  if (!handler) throw new Error(`no call ${kind}`);
  const text: CallOutcome<string> =
    result.kind === "answered" ? { kind: "answered", answer: JSON.stringify(result.answer) } : result;
  const request = { key: providerKey(payment), amount: 1000, currency: "USD", token: "tok_visa" };
  return handler.decide(payment, JSON.stringify(request), text, context(now));
}

const unknown: CallOutcome<object> = { kind: "unknown", detail: "no answer in 30000 ms" };
const unavailable: CallOutcome<object> = { kind: "unavailable", detail: "refused" };
const answered = (answer: object): CallOutcome<object> => ({ kind: "answered", answer });

const stateOf = (decision: Decision<Payment>): Payment => {
  if (!decision.state) throw new Error("nothing was decided");
  return decision.state;
};
const called = (decision: Decision<Payment>) => decision.calls?.map(({ kind }) => kind);
const told = (decision: Decision<Payment>) => decision.messages?.map(({ type, data }) => [type, JSON.parse(data)]);

const begun = stateOf(command("AuthorisePayment", undefined, asked));

describe("authorising", () => {
  test("the intent carries the key that grows only with the attempt", () => {
    const decision = command("AuthorisePayment", undefined, asked);
    expect(called(decision)).toEqual(["authorise"]);
    expect(JSON.parse(decision.calls?.[0]?.request ?? "")).toMatchObject({ key: `${ORDER}:auth:1`, amount: 1000 });
    expect(command("AuthorisePayment", begun, asked)).toEqual({});
  });

  test("authorised and declined are reported", () => {
    const authorised = outcome("authorise", begun, answered({ result: "authorised", reference: "r" }));
    expect(stateOf(authorised)).toMatchObject({ status: "AUTHORISED", authorised: 1000 });
    expect(told(authorised)).toEqual([["PaymentAuthorised", { amount: 1000, currency: "USD" }]]);
    const declined = outcome("authorise", begun, answered({ result: "declined", detail: "insufficient_funds" }));
    expect(stateOf(declined)).toMatchObject({ status: "DECLINED", authorised: 0, detail: "insufficient_funds" });
  });

  test("a total of 0 charges nothing", () => {
    const decision = command("AuthorisePayment", undefined, { ...asked, amount: 0 });
    expect(decision.calls).toBeUndefined();
    expect(stateOf(decision).status).toBe("AUTHORISED");
  });
});

describe("an unknown outcome", () => {
  const inquiring = stateOf(outcome("authorise", begun, unknown));

  test("is asked for, never repeated", () => {
    expect(called(outcome("authorise", begun, unknown))).toEqual(["inquire"]);
  });

  test("that was a charge is taken as one", () => {
    const decision = outcome("inquire", inquiring, answered({ result: "authorised", reference: "r" }));
    expect(stateOf(decision)).toMatchObject({ status: "AUTHORISED", tries: 1 });
  });

  test("that the provider never saw is sent once more under the same key, then given up behind a void", () => {
    const second = outcome("inquire", inquiring, answered({ result: "none" }));
    expect(called(second)).toEqual(["authorise"]);
    expect(JSON.parse(second.calls?.[0]?.request ?? "").key).toBe(`${ORDER}:auth:1`);
    const again = stateOf(outcome("authorise", stateOf(second), unknown));
    const givenUp = outcome("inquire", again, answered({ result: "none" }));
    expect(called(givenUp)).toEqual(["void"]);
    expect(givenUp.messages).toBeUndefined();
    const ended = outcome("void", stateOf(givenUp), answered({}));
    expect(stateOf(ended).status).toBe("DECLINED");
    expect(told(ended)).toEqual([["PaymentDeclined", { reason: "payment_timeout" }]]);
  });

  test("an inquiry without an answer is asked again after a pause", () => {
    const decision = outcome("inquire", inquiring, unknown);
    expect(decision.setTimers).toEqual([{ kind: "again", dueMs: NOW + 500 }]);
    const [timer] = paymentTimers;
    expect(called(timer?.decide(stateOf(decision), context()) ?? {})).toEqual(["inquire"]);
  });
});

describe("a provider that is away", () => {
  test("is tried again with a growing pause until the time is up, then the key is voided", () => {
    const first = outcome("authorise", begun, unavailable);
    expect(first.setTimers).toEqual([{ kind: "again", dueMs: NOW + 500 }]);
    const second = outcome("authorise", stateOf(first), unavailable);
    expect(second.setTimers).toEqual([{ kind: "again", dueMs: NOW + 1000 }]);
    const over = outcome("authorise", begun, unavailable, NOW + RETRY_FOR_MS);
    expect(called(over)).toEqual(["void"]);
    expect(told(outcome("void", stateOf(over), answered({})))).toEqual([
      ["PaymentDeclined", { reason: "payment_unavailable" }],
    ]);
  });
});

describe("undoing", () => {
  test("an authorised payment is voided at the provider before it is reported", () => {
    const authorised = stateOf(outcome("authorise", begun, answered({ result: "authorised", reference: "r" })));
    const decision = command("VoidPayment", authorised);
    expect(called(decision)).toEqual(["void"]);
    expect(decision.messages).toBeUndefined();
    const ended = outcome("void", stateOf(decision), answered({}));
    expect(stateOf(ended)).toMatchObject({ status: "VOIDED", authorised: 0 });
    expect(told(ended)).toEqual([["PaymentVoided", {}]]);
  });

  test("a void that comes while the provider is thinking waits, and a late success is undone before anybody hears of it", () => {
    const waiting = command("VoidPayment", begun);
    expect(waiting.calls).toBeUndefined();
    const success = outcome("authorise", stateOf(waiting), answered({ result: "authorised", reference: "r" }));
    expect(called(success)).toEqual(["void"]);
    expect(success.messages).toBeUndefined();
  });

  test("a declined payment needs no void, and says so", () => {
    const declined = stateOf(outcome("authorise", begun, answered({ result: "declined", detail: "declined" })));
    expect(told(command("VoidPayment", declined))).toEqual([["PaymentVoided", {}]]);
  });

  test("a void that fails is repeated", () => {
    const authorised = stateOf(outcome("authorise", begun, answered({ result: "authorised", reference: "r" })));
    const voiding = stateOf(command("VoidPayment", authorised));
    expect(outcome("void", voiding, unknown).setTimers).toHaveLength(1);
  });

  test("a command for a payment that does not exist is a bug", () => {
    expect(() => command("VoidPayment", undefined)).toThrow("no such payment");
  });
});
