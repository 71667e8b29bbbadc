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
  RULES,
  stateOf,
  success,
  taken,
  timer,
  told,
  unavailable,
  unknown,
  voided,
} from "./payment.fixture.ts";
import { AGAIN } from "./payment.ts";

const CAPTURE = `${ORDER}:capture:1`;
const EXPIRY = NOW + RULES.authorisationMs;
const CAPTURED = ["PaymentCaptured", { amount: 1000, currency: "USD" }];
const failed = (reason: string) => [["PaymentCaptureFailed", { reason }]];
const capture = (now = NOW) => command("CapturePayment", authorised(), {}, now);
const refused = answered({ result: "refused", detail: "capture_refused" });

test("takes the whole authorised amount under a key of its own, and tells so", () => {
  const decision = capture();
  expect(called(decision)).toEqual([["capture", CAPTURE]]);
  expect(JSON.parse(decision.calls?.[0]?.request ?? "")).toMatchObject({ authorisation: AUTH, amount: 1000 });
  const ended = outcome(decision, taken);
  expect(stateOf(ended)).toMatchObject({ status: "CAPTURED", authorised: 1000, captured: 1000, work: "none" });
  expect(told(ended)).toEqual([CAPTURED]);
});

test("is answered again when it was captured, and not done again", () => {
  const again = command("CapturePayment", captured());
  expect(told(again)).toEqual([CAPTURED]);
  expect(called(again)).toEqual([]);
});

test("asked for again while its outcome is open, it is asked for, and told once", () => {
  const first = capture();
  const second = command("CapturePayment", stateOf(first));
  expect(called(second)).toEqual([["inquire", AUTH]]);
  expect(outcome(first, taken, NOW, stateOf(second))).toEqual({});
  const ended = outcome(second, taken);
  expect(told(ended)).toEqual([CAPTURED]);
  expect(outcome(first, taken, NOW, stateOf(ended))).toEqual({});
});

test("asked for again after its outcome was lost and nothing was taken, it is sent under the same key", () => {
  const paused = outcome(command("CapturePayment", stateOf(capture())), success);
  expect(called(timer(AGAIN, stateOf(paused)))).toEqual([["capture", CAPTURE]]);
});

test("nothing to charge is captured at once", () => {
  const decision = command("CapturePayment", free());
  expect(called(decision)).toEqual([]);
  expect(told(decision)).toEqual([["PaymentCaptured", { amount: 0, currency: "USD" }]]);
});

test("a payment that is not there to be captured is answered", () => {
  expect(told(command("CapturePayment", stateOf(begin())))).toEqual(failed("capture_refused"));
  const declined = stateOf(outcome(begin(), answered({ result: "declined", detail: "declined" })));
  expect(told(command("CapturePayment", declined))).toEqual(failed("authorisation_expired"));
});

describe("an unknown outcome", () => {
  test("is asked for", () => {
    const asking = outcome(capture(), unknown);
    expect(called(asking)).toEqual([["inquire", AUTH]]);
    expect(told(outcome(asking, taken))).toEqual([CAPTURED]);
  });

  test("that took nothing is sent again after a growing pause, under the same key", () => {
    const paused = outcome(outcome(capture(), unknown), success);
    expect(paused.setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 500 }]);
    const again = timer(AGAIN, stateOf(paused));
    expect(called(again)).toEqual([["capture", CAPTURE]]);
    expect(outcome(outcome(again, unknown), success).setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 1000 }]);
  });

  test("of an authorisation that the provider has let lapse is a failure", () => {
    const lapsed = outcome(outcome(capture(), unknown), voided);
    expect(stateOf(lapsed)).toMatchObject({ status: "VOIDED", authorised: 0 });
    expect(told(lapsed)).toEqual(failed("authorisation_expired"));
  });

  test("of an authorisation that the provider denies is a bug", () => {
    expect(() => outcome(outcome(capture(), unknown), answered({ result: "none" }))).toThrow("now says none");
  });
});

describe("a provider that is away", () => {
  test("is tried again, at last when the authorisation expires", () => {
    const first = outcome(capture(), unavailable);
    expect(first.setTimers).toEqual([{ kind: AGAIN, dueMs: NOW + 500 }]);
    const again = timer(AGAIN, stateOf(first));
    expect(called(again)).toEqual([["capture", CAPTURE]]);
    const late = outcome(again, unavailable, EXPIRY - 100);
    expect(late.setTimers).toEqual([{ kind: AGAIN, dueMs: EXPIRY }]);
    expect(called(timer(AGAIN, stateOf(late), EXPIRY))).toEqual([["void", AUTH]]);
  });

  test("an expired authorisation is voided before the failure is told", () => {
    const voiding = outcome(capture(EXPIRY - 1), unavailable, EXPIRY);
    expect(called(voiding)).toEqual([["void", AUTH]]);
    expect(told(voiding)).toEqual([]);
    expect(outcome(voiding, unavailable, EXPIRY).setTimers).toHaveLength(1);
    const ended = outcome(voiding, voided, EXPIRY);
    expect(stateOf(ended)).toMatchObject({ status: "VOIDED", authorised: 0, work: "none" });
    expect(told(ended)).toEqual(failed("authorisation_expired"));
    expect(told(command("CapturePayment", stateOf(ended)))).toEqual(failed("authorisation_expired"));
  });

  test("a void that finds the money taken is a capture that succeeded", () => {
    const voiding = outcome(outcome(capture(), unknown), success, EXPIRY);
    const ended = outcome(voiding, taken, EXPIRY);
    expect(stateOf(ended)).toMatchObject({ status: "CAPTURED", captured: 1000, work: "none", voidFor: null });
    expect(told(ended)).toEqual([CAPTURED]);
  });

  test("a capture that is asked for too late is not sent", () => {
    expect(called(capture(EXPIRY))).toEqual([["void", AUTH]]);
  });
});

test("a refusal leaves the authorisation, and the next try has a key that the provider has not refused", () => {
  const ended = outcome(capture(), refused);
  expect(stateOf(ended)).toMatchObject({ status: "AUTHORISED", authorised: 1000, detail: "capture_refused" });
  expect(told(ended)).toEqual(failed("capture_refused"));
  const again = command("CapturePayment", stateOf(ended));
  expect(called(again)).toEqual([["capture", `${ORDER}:capture:2`]]);
  expect(stateOf(outcome(again, taken))).toMatchObject({ status: "CAPTURED", detail: null });
  expect(called(command("CapturePayment", stateOf(ended), {}, EXPIRY))).toEqual([["void", AUTH]]);
});
