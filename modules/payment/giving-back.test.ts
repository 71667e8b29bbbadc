import { describe, expect, test } from "bun:test";
import {
  AUTH,
  answered,
  authorised,
  begin,
  called,
  captured,
  command,
  free,
  NOW,
  ORDER,
  outcome,
  stateOf,
  success,
  taken,
  timer,
  told,
  unavailable,
  unknown,
  voided,
} from "./payment.fixture.ts";
import { AGAIN, type Payment } from "./payment.ts";

const REFUND = `${ORDER}:refund:1`;
const VOIDED = [["PaymentVoided", {}]];
const back = (amount: number, total = 1000) => [
  ["PaymentRefunded", { amount, refunded: total, captured: total, currency: "USD" }],
];
const refunded = answered({ result: "refunded" });
const askedMeanwhile = (type: string, payment: Payment) => {
  const noted = command(type, payment);
  expect(called(noted)).toEqual([]);
  expect(told(noted)).toEqual([]);
  return stateOf(noted);
};

describe("VoidPayment", () => {
  test("voids what is authorised at the provider before it is told", () => {
    const decision = command("VoidPayment", authorised());
    expect(called(decision)).toEqual([["void", AUTH]]);
    expect(told(decision)).toEqual([]);
    const ended = outcome(decision, voided);
    expect(stateOf(ended)).toMatchObject({ status: "VOIDED", authorised: 0 });
    expect(told(ended)).toEqual(VOIDED);
  });

  test("waits while the provider is thinking, and a late success is undone before anybody hears of it", () => {
    const begun = begin();
    const waiting = askedMeanwhile("VoidPayment", stateOf(begun));
    const decision = outcome(begun, success, NOW, waiting);
    expect(called(decision)).toEqual([["void", AUTH]]);
    expect(told(decision)).toEqual([]);
  });

  test("needs no call where there is nothing", () => {
    const begun = begin();
    const no = answered({ result: "declined", detail: "declined" });
    expect(told(outcome(begun, no, NOW, askedMeanwhile("VoidPayment", stateOf(begun))))).toEqual(VOIDED);
    const declined = stateOf(outcome(begun, no));
    expect(told(command("VoidPayment", declined))).toEqual(VOIDED);
    const ended = stateOf(outcome(command("VoidPayment", authorised()), voided));
    expect(told(command("VoidPayment", ended))).toEqual(VOIDED);
  });

  test("in the pause of an authorisation that did not happen, voids instead of sending it again", () => {
    const paused = stateOf(outcome(begin(), unavailable));
    expect(called(timer(AGAIN, askedMeanwhile("VoidPayment", paused)))).toEqual([["void", AUTH]]);
  });

  test("is repeated until the provider answers", () => {
    const failing = outcome(command("VoidPayment", authorised()), unknown);
    expect(failing.setTimers).toHaveLength(1);
    expect(called(timer(AGAIN, stateOf(failing)))).toEqual([["void", AUTH]]);
  });

  test("repeated, begins again with what is under way, and is answered once", () => {
    const first = command("VoidPayment", authorised());
    const second = command("VoidPayment", stateOf(first));
    expect(called(second)).toEqual([["void", AUTH]]);
    const ended = outcome(first, voided, NOW, stateOf(second));
    expect(told(ended)).toEqual(VOIDED);
    expect(outcome(second, voided, NOW, stateOf(ended))).toEqual({});
  });

  test("repeated after the outcome of an authorisation was lost, asks what became of it and undoes that", () => {
    const waiting = askedMeanwhile("VoidPayment", stateOf(begin()));
    const asking = command("VoidPayment", waiting);
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(called(outcome(asking, success))).toEqual([["void", AUTH]]);
    expect(called(outcome(asking, answered({ result: "none" })))).toEqual([["void", AUTH]]);
  });

  test("repeated after the outcome of a capture was lost, asks what became of it and undoes that", () => {
    const capture = command("CapturePayment", authorised());
    const asking = command("VoidPayment", askedMeanwhile("VoidPayment", stateOf(capture)));
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(called(outcome(asking, taken))).toEqual([["refund", REFUND]]);
  });

  test("gives back what was captured", () => {
    const decision = command("VoidPayment", captured());
    expect(called(decision)).toEqual([["refund", REFUND]]);
    const ended = outcome(decision, refunded);
    expect(stateOf(ended)).toMatchObject({ status: "REFUNDED", authorised: 1000, captured: 1000, refunded: 1000 });
    expect(told(ended)).toEqual(back(1000));
    const again = command("VoidPayment", stateOf(ended));
    expect(called(again)).toEqual([]);
    expect(told(again)).toEqual(back(0));
  });

  test("gives back no more than is left", () => {
    const part: Payment = { ...captured(), status: "PARTIALLY_REFUNDED", refunded: 300, refundAttempt: 2 };
    const decision = command("VoidPayment", part);
    expect(JSON.parse(decision.calls?.[0]?.request ?? "")).toMatchObject({ key: `${ORDER}:refund:2`, amount: 700 });
    expect(told(outcome(decision, refunded))).toEqual(back(700));
  });

  describe("during a capture", () => {
    const capture = command("CapturePayment", authorised());
    const noted = () => askedMeanwhile("VoidPayment", stateOf(capture));

    test("that succeeds: refunded before anybody hears of it", () => {
      const decision = outcome(capture, taken, NOW, noted());
      expect(called(decision)).toEqual([["refund", REFUND]]);
      expect(told(decision)).toEqual([]);
      expect(told(outcome(decision, refunded))).toEqual(back(1000));
    });

    test("that is refused or did not happen: voided", () => {
      const refused = answered({ result: "refused", detail: "no" });
      for (const result of [refused, unavailable])
        expect(called(outcome(capture, result, NOW, noted()))).toEqual([["void", AUTH]]);
      const paused = stateOf(outcome(capture, unavailable));
      expect(called(timer(AGAIN, askedMeanwhile("VoidPayment", paused)))).toEqual([["void", AUTH]]);
    });

    test("whose outcome is unknown: asked for, then undone", () => {
      const asking = outcome(capture, unknown, NOW, noted());
      expect(called(asking)).toEqual([["inquire", AUTH]]);
      expect(called(outcome(asking, taken))).toEqual([["refund", REFUND]]);
      const voiding = outcome(asking, success);
      expect(called(voiding)).toEqual([["void", AUTH]]);
      expect(told(outcome(voiding, voided))).toEqual(VOIDED);
      // The capture came after the inquiry.
      expect(called(outcome(voiding, taken))).toEqual([["refund", REFUND]]);
    });
  });
});

describe("RefundPayment", () => {
  test("gives back everything, once, and is answered each time", () => {
    const decision = command("RefundPayment", captured());
    expect(called(decision)).toEqual([["refund", REFUND]]);
    const again = command("RefundPayment", stateOf(decision));
    expect(called(again)).toEqual([["refund", REFUND]]);
    const ended = outcome(decision, refunded, NOW, stateOf(again));
    expect(told(ended)).toEqual(back(1000));
    expect(outcome(again, refunded, NOW, stateOf(ended))).toEqual({});
    expect(told(command("RefundPayment", stateOf(ended)))).toEqual(back(0));
  });

  test("is tried again without end under the same key", () => {
    let decision = command("RefundPayment", captured());
    for (const result of [unknown, unavailable, unknown]) {
      const paused = outcome(decision, result);
      expect(paused.setTimers?.map(({ kind }) => kind)).toEqual([AGAIN]);
      decision = timer(AGAIN, stateOf(paused));
      expect(called(decision)).toEqual([["refund", REFUND]]);
    }
  });

  test("that the provider has refused is tried again under a key that it has not", () => {
    const paused = outcome(command("RefundPayment", captured()), answered({ result: "refused", detail: "later" }));
    expect(stateOf(paused).detail).toBe("later");
    const again = timer(AGAIN, stateOf(paused));
    expect(called(again)).toEqual([["refund", `${ORDER}:refund:2`]]);
    expect(stateOf(outcome(again, refunded))).toMatchObject({ status: "REFUNDED", refunded: 1000, detail: null });
  });

  test("of nothing is answered at once", () => {
    const paid = stateOf(command("CapturePayment", free()));
    for (const payment of [paid, free(), authorised(), stateOf(begin())]) {
      const decision = command("RefundPayment", payment);
      expect(called(decision)).toEqual([]);
      expect(told(decision)).toEqual(back(0, 0));
    }
  });

  test("during a capture undoes what becomes of it, and is answered", () => {
    const capture = command("CapturePayment", authorised());
    const noted = askedMeanwhile("RefundPayment", stateOf(capture));
    expect(called(outcome(capture, taken, NOW, noted))).toEqual([["refund", REFUND]]);
    const voiding = outcome(capture, unavailable, NOW, noted);
    expect(called(voiding)).toEqual([["void", AUTH]]);
    expect(told(outcome(voiding, voided))).toEqual(back(0, 0));
    expect(called(command("RefundPayment", noted))).toEqual([["inquire", AUTH]]);
  });

  test("during a void that the order asked for is answered by it", () => {
    const voiding = command("VoidPayment", authorised());
    const asked = command("RefundPayment", stateOf(voiding));
    expect(told(outcome(voiding, voided, NOW, stateOf(asked)))).toEqual(VOIDED);
  });
});
