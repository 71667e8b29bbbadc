import { describe, expect, test } from "bun:test";
import { refunding } from "./manual-refund.ts";
import {
  answered,
  authorised,
  called,
  captured,
  command,
  free,
  ORDER,
  outcome,
  refundManually,
  stateOf,
  timer,
  told,
  unknown,
} from "./payment.fixture.ts";
import { AGAIN, MANUAL_REFUND_AGAIN, type Payment } from "./payment.ts";

const done = answered({ result: "refunded" });
const amountOf = (decision: ReturnType<typeof command>) => JSON.parse(decision.calls?.[0]?.request ?? "{}").amount;
const back = (amount: number, refunded: number) => [
  "PaymentRefunded",
  { amount, refunded, captured: 1000, currency: "USD" },
];
const begun = (payment: Payment, amount: number) => {
  const decision = refundManually(payment, amount);
  expect(decision.answer.kind).toBe("accepted");
  return decision;
};
const refusal = (payment: Payment, amount: number, currency?: string) => {
  const { answer, state } = refundManually(payment, amount, currency);
  expect(state).toBeUndefined();
  return answer;
};
const tooMuch = (left: number) => ({ kind: "too much" as const, left, currency: "USD" });

test("a part goes back under a key of its own, and the order hears of it", () => {
  const decision = begun(captured(), 300);
  expect(called(decision)).toEqual([["manual_refund", `${ORDER}:manual-refund:1`]]);
  expect([amountOf(decision), refunding(stateOf(decision))]).toEqual([300, 300]);
  const ended = outcome(decision, done);
  expect(stateOf(ended)).toMatchObject({
    status: "PARTIALLY_REFUNDED",
    refunded: 300,
    manuallyRefunded: 300,
    refundsAsked: [],
    work: "none",
  });
  expect(told(ended)).toEqual([back(300, 300)]);
  const rest = begun(stateOf(ended), 700);
  expect(called(rest)).toEqual([["manual_refund", `${ORDER}:manual-refund:2`]]);
  const all = outcome(rest, done);
  expect(stateOf(all)).toMatchObject({ status: "REFUNDED", refunded: 1000, manuallyRefunded: 1000 });
  expect(told(all)).toEqual([back(700, 1000)]);
  expect(refusal(stateOf(all), 1)).toEqual(tooMuch(0));
});

test("only what was captured and is not given back, nor about to be, can be asked for", () => {
  expect(refusal(captured(), 1001)).toEqual(tooMuch(1000));
  expect(refusal(authorised(), 1)).toEqual(tooMuch(0));
  expect(refusal(stateOf(command("CapturePayment", authorised())), 1)).toEqual(tooMuch(0));
  expect(refusal(stateOf(command("CapturePayment", free())), 1)).toEqual(tooMuch(0));
  expect(refusal(captured(), 300, "TWD")).toEqual({ kind: "another currency", currency: "USD" });
  const first = stateOf(begun(captured(), 600));
  expect(refusal(first, 401)).toEqual(tooMuch(400));
  expect(refusal(stateOf(begun(first, 400)), 1)).toEqual(tooMuch(0));
});

test("several are made one after the other, in the order in which they were asked for", () => {
  const first = begun(captured(), 600);
  const second = begun(stateOf(first), 400);
  expect(called(second)).toEqual([]);
  const going = outcome(first, done, undefined, stateOf(second));
  expect([told(going), called(going), amountOf(going)]).toEqual([
    [back(600, 600)],
    [["manual_refund", `${ORDER}:manual-refund:2`]],
    400,
  ]);
  expect(stateOf(outcome(going, done))).toMatchObject({ status: "REFUNDED", manuallyRefunded: 1000 });
});

test("one whose outcome is unknown is repeated under its key, over the same amount", () => {
  const paused = outcome(begun(captured(), 300), unknown);
  const again = timer(MANUAL_REFUND_AGAIN, stateOf(begun(stateOf(paused), 200)));
  expect([called(again), amountOf(again)]).toEqual([[["manual_refund", `${ORDER}:manual-refund:1`]], 300]);
});

test("one that the provider refuses is given up, and the next one follows", () => {
  const first = begun(captured(), 300);
  const both = stateOf(begun(stateOf(first), 200));
  const refused = outcome(first, answered({ result: "refused", detail: "not_now" }), undefined, both);
  expect([called(refused), amountOf(refused), told(refused)]).toEqual([
    [["manual_refund", `${ORDER}:manual-refund:2`]],
    200,
    [],
  ]);
  const alone = stateOf(outcome(begun(captured(), 300), answered({ result: "refused", detail: "not_now" })));
  expect(alone).toMatchObject({ status: "CAPTURED", refunded: 0, refundsAsked: [], work: "none", detail: "not_now" });
});

describe("when the order wants everything back", () => {
  test.each(["RefundPayment", "VoidPayment"])("%s lets it end, and gives back the rest", (type) => {
    const first = begun(captured(), 300);
    const asked = stateOf(command(type, stateOf(first)));
    const rest = outcome(first, done, undefined, asked);
    expect([told(rest), amountOf(rest)]).toEqual([[back(300, 300)], 700]);
    const ended = outcome(rest, done);
    expect(stateOf(ended)).toMatchObject({ status: "REFUNDED", refunded: 1000, manuallyRefunded: 300 });
    expect(told(ended)).toEqual([back(700, 1000)]);
  });

  test("a manual refund of everything answers it", () => {
    const first = begun(captured(), 1000);
    const ended = outcome(first, done, undefined, stateOf(command("RefundPayment", stateOf(first))));
    expect([told(ended), called(ended)]).toEqual([[back(1000, 1000)], []]);
  });

  test("a manual refund that is refused leaves everything to be given back", () => {
    const first = begun(captured(), 300);
    const asked = stateOf(command("RefundPayment", stateOf(first)));
    const rest = outcome(first, answered({ result: "refused", detail: "not_now" }), undefined, asked);
    expect([told(rest), amountOf(rest)]).toEqual([[], 1000]);
  });

  test("nothing more can be asked for", () => {
    const all = stateOf(command("RefundPayment", captured()));
    expect(refusal(all, 1)).toEqual(tooMuch(0));
    const first = stateOf(begun(captured(), 300));
    expect(refusal(stateOf(command("RefundPayment", first)), 1)).toEqual(tooMuch(0));
  });
});

describe("where a release that knows of no manual refunds has begun to give everything back meanwhile", () => {
  const first = begun(captured(), 300);
  /** What that release writes. */
  const overtaken: Payment = { ...stateOf(first), work: "refund" };
  const rest = timer(AGAIN, overtaken);

  test("the manual one's outcome is not that of the rest", () => {
    expect(called(rest)).toEqual([["refund", `${ORDER}:refund:1`]]);
    expect(outcome(first, done, undefined, overtaken)).toEqual({});
  });

  test("the manual one was first: it is found out under its key, and then what is left goes back", () => {
    const asking = outcome(rest, answered({ result: "refused", detail: "too_much" }));
    expect([called(asking), amountOf(asking)]).toEqual([[["manual_refund", `${ORDER}:manual-refund:1`]], 300]);
    const left = outcome(asking, done);
    expect([told(left), called(left), amountOf(left)]).toEqual([
      [back(300, 300)],
      [["refund", `${ORDER}:refund:2`]],
      700,
    ]);
    expect(stateOf(outcome(left, done))).toMatchObject({ status: "REFUNDED", refunded: 1000, manuallyRefunded: 300 });
  });

  test("everything went back first: nothing is left to be given back by hand", () => {
    const ended = stateOf(outcome(rest, done));
    expect(ended).toMatchObject({ status: "REFUNDED", work: "none", refundsAsked: [], manuallyRefunded: 0 });
    expect(outcome(first, answered({ result: "refused", detail: "too_much" }), undefined, ended)).toEqual({});
  });
});

describe("one that the release before has sent under the name and key of the order's refund", () => {
  const first = begun(captured(), 300);
  const [made] = first.calls ?? [];
  const { request = "" } = made ?? {};
  const sent = {
    calls: [{ kind: "refund", request: request.replace(":manual-refund:1", ":refund:1") }],
    state: { ...stateOf(first), work: "refund" as const },
  };

  test("counts as the manual one when it is done, and the next refund has a key that is not used", () => {
    const ended = outcome(sent, done);
    expect(told(ended)).toEqual([back(300, 300)]);
    expect(stateOf(ended)).toMatchObject({ status: "PARTIALLY_REFUNDED", manuallyRefunded: 300, work: "none" });
    const rest = command("RefundPayment", stateOf(ended));
    expect([called(rest), amountOf(rest)]).toEqual([[["refund", `${ORDER}:refund:2`]], 700]);
  });

  test("is given up when it is refused, and what was asked for after it follows", () => {
    const both = { ...sent.state, refundsAsked: [300, 200] };
    const next = outcome(sent, answered({ result: "refused", detail: "not_now" }), undefined, both);
    expect([called(next)[0]?.[0], amountOf(next), told(next)]).toEqual(["manual_refund", 200, []]);
  });

  test("is followed by the rest where the order wants it back", () => {
    const asked = stateOf(command("RefundPayment", stateOf(first)));
    const rest = outcome(sent, done, undefined, { ...asked, work: "refund" });
    expect([told(rest), called(rest), amountOf(rest)]).toEqual([
      [back(300, 300)],
      [["refund", `${ORDER}:refund:2`]],
      700,
    ]);
  });
});
