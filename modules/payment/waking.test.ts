import { expect, test } from "bun:test";
import {
  answered,
  authorised,
  begin,
  called,
  command,
  NOW,
  ORDER,
  outcome,
  stateOf,
  told,
  unavailable,
  unknown,
  wake,
} from "./payment.fixture.ts";
import { AGAIN } from "./payment.ts";

const taken = answered({ result: "captured" });
/** Nothing is written, so it costs no commit. */
const NOTHING = { answer: null };

test("in a pause the provider is asked at once, whatever the pause was for", () => {
  const capture = command("CapturePayment", authorised());
  for (const [paused, next] of [
    [outcome(begin(), unavailable), ["authorise", `${ORDER}:auth:1`]],
    [outcome(outcome(begin(), unknown), unavailable), ["inquire", `${ORDER}:auth:1`]],
    [outcome(capture, unavailable), ["capture", `${ORDER}:capture:1`]],
    [outcome(command("VoidPayment", authorised()), unknown), ["void", `${ORDER}:auth:1`]],
  ] as const) {
    const woken = wake(stateOf(paused));
    expect([called(woken), woken.cancelTimers]).toEqual([[[...next]], [AGAIN]]);
    expect(stateOf(woken).paused).toBe(false);
  }
});

test("before the answer to a call it decides nothing: the answer does", () => {
  const capture = command("CapturePayment", authorised());
  expect(wake(stateOf(capture))).toEqual<object>(NOTHING);
  const early = wake(stateOf(begin()));
  expect([called(early), told(early), stateOf(early)]).toMatchObject([[], [], { status: "PENDING", acted: true }]);
});

test("after the answer, or about another authorisation, it changes nothing", () => {
  const payment = stateOf(outcome(command("CapturePayment", authorised()), taken));
  expect(wake(payment)).toEqual<object>(NOTHING);
  const paused = stateOf(outcome(begin(), unavailable));
  expect(wake(paused, NOW, `${ORDER}:auth:2`)).toEqual<object>(NOTHING);
});
