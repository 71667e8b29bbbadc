import { describe, expect, test } from "bun:test";
import {
  AUTH,
  answered,
  asked,
  authorised,
  begin,
  called,
  command,
  NOW,
  outcome,
  RULES,
  stateOf,
  success,
  timer,
  told,
  unavailable,
  unknown,
  voided,
  wake,
} from "./payment.fixture.ts";
import { AGAIN, CUSTOMER_ACTION, type Payment } from "./payment.ts";

describe("authorising", () => {
  test("the intent carries the key that grows only with the attempt", () => {
    const decision = begin();
    expect(called(decision)).toEqual([["authorise", AUTH]]);
    expect(JSON.parse(decision.calls?.[0]?.request ?? "")).toMatchObject({ amount: 1000, token: "tok_visa" });
  });

  test("authorised and declined are reported", () => {
    const yes = outcome(begin(), success);
    expect(stateOf(yes)).toMatchObject({ status: "AUTHORISED", authorised: 1000 });
    expect(told(yes)).toEqual([["PaymentAuthorised", { amount: 1000, currency: "USD" }]]);
    const no = outcome(begin(), answered({ result: "declined", detail: "insufficient_funds" }));
    expect(stateOf(no)).toMatchObject({ status: "DECLINED", authorised: 0, detail: "insufficient_funds" });
    expect(told(no)).toEqual([["PaymentDeclined", { reason: "payment_declined", detail: "insufficient_funds" }]]);
  });

  test("one that the provider itself has given up is declined, as order waits for that", () => {
    const waiting = outcome(begin(), answered({ result: "action_required", url: "/somewhere" }));
    for (const asking of [begin(), outcome(begin(), unknown), wake(stateOf(waiting))]) {
      const givenUp = outcome(asking, voided);
      expect(stateOf(givenUp)).toMatchObject({ status: "DECLINED", authorised: 0, work: "none" });
      expect(told(givenUp)).toEqual([["PaymentDeclined", { reason: "payment_declined" }]]);
    }
  });

  test("one that the provider has captured, which nobody asked it to, is a bug", () => {
    expect(() => outcome(outcome(begin(), unknown), answered({ result: "captured" }))).toThrow("nobody asked it to");
  });

  test("a total of 0 charges nothing", () => {
    const decision = begin({ ...asked, amount: 0 });
    expect(called(decision)).toEqual([]);
    expect(stateOf(decision).status).toBe("AUTHORISED");
  });

  test("a command for a payment that does not exist is a bug", () => {
    for (const type of ["CapturePayment", "RefundPayment"])
      expect(() => command(type, undefined)).toThrow("no such payment");
  });

  test("what was never asked for is voided, and stays so", () => {
    const voided = command("VoidPayment", undefined);
    expect(stateOf(voided)).toMatchObject({ status: "VOIDED", amount: 0, work: "none" });
    expect(voided.messages?.map(({ type }) => type)).toEqual(["PaymentVoided"]);
    expect(voided.calls).toBeUndefined();
  });
});

describe("asked for again", () => {
  const again = (payment: Payment, now = NOW) => command("AuthorisePayment", payment, asked, now);

  test("it asks what became of it, and never sends it blindly", () => {
    const asking = again(stateOf(begin()));
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(stateOf(outcome(asking, success))).toMatchObject({ status: "AUTHORISED", tries: 1 });
    expect(called(outcome(asking, answered({ result: "none" })))).toEqual([["authorise", AUTH]]);
  });

  test("the outcome that comes all the same is ignored", () => {
    const begun = begin();
    const asking = again(stateOf(begun));
    expect(outcome(begun, answered({ result: "declined", detail: "d" }), NOW, stateOf(asking))).toEqual({});
  });

  test("during a pause, or where the customer should act, it does not wait any longer", () => {
    const paused = again(stateOf(outcome(begin(), unavailable)));
    expect([called(paused), paused.cancelTimers]).toEqual([[["inquire", AUTH]], [AGAIN, CUSTOMER_ACTION]]);
    const waiting = again(stateOf(outcome(begin(), answered({ result: "action_required", url: "/u" }))));
    expect([called(waiting), waiting.cancelTimers]).toEqual([[["inquire", AUTH]], [AGAIN, CUSTOMER_ACTION]]);
  });

  test("a verdict that was told is not told again", () => {
    expect(again(authorised())).toEqual({});
  });
});

describe("an unknown outcome", () => {
  const inquiring = () => outcome(begin(), unknown);

  test("is asked for, never repeated", () => {
    expect(called(inquiring())).toEqual([["inquire", AUTH]]);
  });

  test("that was a charge is taken as one", () => {
    expect(stateOf(outcome(inquiring(), success))).toMatchObject({ status: "AUTHORISED", tries: 1 });
  });

  test("that the provider never saw is sent once more under the same key, then given up behind a void", () => {
    const second = outcome(inquiring(), answered({ result: "none" }));
    expect(called(second)).toEqual([["authorise", AUTH]]);
    const givenUp = outcome(outcome(second, unknown), answered({ result: "none" }));
    expect(called(givenUp)).toEqual([["void", AUTH]]);
    expect(told(givenUp)).toEqual([]);
    const ended = outcome(givenUp, voided);
    expect(stateOf(ended).status).toBe("DECLINED");
    expect(told(ended)).toEqual([["PaymentDeclined", { reason: "payment_timeout" }]]);
  });

  test("of a call that a crash or a change of replicas broke off costs none of the two tries", () => {
    const interrupted = { ...unknown, isInterrupted: true as const };
    let sent = begin();
    for (let crash = 0; crash < 3; crash++) {
      const asking = outcome(sent, interrupted);
      expect(called(asking)).toEqual([["inquire", AUTH]]);
      sent = outcome(asking, answered({ result: "none" }));
      expect(called(sent)).toEqual([["authorise", AUTH]]);
    }
    const second = outcome(outcome(sent, unknown), answered({ result: "none" }));
    expect(called(second)).toEqual([["authorise", AUTH]]);
    expect(called(outcome(outcome(second, unknown), answered({ result: "none" })))).toEqual([["void", AUTH]]);
  });

  test("an inquiry without an answer is asked again after a pause", () => {
    const decision = outcome(inquiring(), unknown);
    expect(decision.setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 500 }]);
    expect(called(timer(AGAIN, stateOf(decision)))).toEqual([["inquire", AUTH]]);
  });
});

describe("a provider that is away", () => {
  test("is tried again with a growing pause until the time is up, then the key is voided", () => {
    const first = outcome(begin(), unavailable);
    expect(first.setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 500 }]);
    const again = timer(AGAIN, stateOf(first));
    expect(called(again)).toEqual([["authorise", AUTH]]);
    expect(outcome(again, unavailable).setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 1000 }]);
    const over = outcome(again, unavailable, NOW + RULES.retryForMs);
    expect(called(over)).toEqual([["void", AUTH]]);
    expect(told(outcome(over, voided))).toEqual([["PaymentDeclined", { reason: "payment_unavailable" }]]);
  });
});

describe("a payment that requires an action", () => {
  const URL_OF_IT = "/somewhere";
  const required = answered({ result: "action_required", url: URL_OF_IT });
  const waiting = () => outcome(begin(), required);
  const UNTIL = NOW + RULES.customerActionMs;

  test("tells where, once, and waits for its customer", () => {
    const decision = waiting();
    expect(stateOf(decision)).toMatchObject({ status: "REQUIRES_ACTION", authorised: 0, actionUrl: URL_OF_IT });
    expect(told(decision)).toEqual([["PaymentActionRequired", { url: URL_OF_IT }]]);
    expect(called(decision)).toEqual([]);
    expect(decision.setTimers).toEqual([{ kind: CUSTOMER_ACTION, dueMs: UNTIL }]);
  });

  test("believes nobody who says that the customer has acted, and asks the provider", () => {
    const asking = wake(stateOf(waiting()));
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(asking.cancelTimers).toEqual([CUSTOMER_ACTION]);
    expect(told(outcome(asking, success))).toEqual([["PaymentAuthorised", { amount: 1000, currency: "USD" }]]);
    expect(told(outcome(asking, answered({ result: "declined", detail: "customer_action_failed" })))).toEqual([
      ["PaymentDeclined", { reason: "payment_declined", detail: "customer_action_failed" }],
    ]);
  });

  test("that was woken for nothing goes on waiting, no longer than before", () => {
    const again = outcome(wake(stateOf(waiting())), required, NOW + 1000);
    expect(again.setTimers).toEqual([{ kind: CUSTOMER_ACTION, dueMs: UNTIL }]);
    expect(told(again)).toEqual([]);
  });

  test("asks once more when the customer acted while the provider was being asked", () => {
    for (const asking of [begin(), outcome(begin(), unknown), wake(stateOf(waiting()))]) {
      const acted = stateOf(wake(stateOf(asking)));
      const older = outcome(asking, required, NOW, acted);
      expect(called(older)).toEqual([["inquire", AUTH]]);
      expect(stateOf(outcome(older, success))).toMatchObject({ status: "AUTHORISED", acted: false });
    }
  });

  test("that nobody attends to is asked for at the end of its time, then voided and declined", () => {
    const asking = timer(CUSTOMER_ACTION, stateOf(waiting()), UNTIL);
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(stateOf(outcome(asking, success, UNTIL)).status).toBe("AUTHORISED");
    const over = outcome(asking, required, UNTIL);
    expect(called(over)).toEqual([["void", AUTH]]);
    // Completed in between, or not: the void has undone it.
    expect(told(outcome(over, voided, UNTIL))).toEqual([["PaymentDeclined", { reason: "payment_timeout" }]]);
  });

  test("whose customer acted while it was asked for at the end of its time is asked for once more", () => {
    const asking = timer(CUSTOMER_ACTION, stateOf(waiting()), UNTIL);
    const older = outcome(asking, required, UNTIL, stateOf(wake(stateOf(asking), UNTIL)));
    expect(called(older)).toEqual([["inquire", AUTH]]);
    expect(called(outcome(older, required, UNTIL))).toEqual([["void", AUTH]]);
  });

  test("is voided at once when its order has ended", () => {
    const decision = command("VoidPayment", stateOf(waiting()));
    expect(called(decision)).toEqual([["void", AUTH]]);
    expect(decision.cancelTimers).toEqual([CUSTOMER_ACTION]);
    expect(told(outcome(decision, voided))).toEqual([["PaymentVoided", {}]]);
  });

  test("is not told of when the order ended before the provider answered", () => {
    const begun = begin();
    const decision = outcome(begun, required, NOW, stateOf(command("VoidPayment", stateOf(begun))));
    expect(called(decision)).toEqual([["void", AUTH]]);
    expect(told(decision)).toEqual([]);
  });

  test("that is decided is not changed by somebody who says that the customer has acted", () => {
    expect(wake(authorised())).toEqual<object>({ answer: null });
  });
});
