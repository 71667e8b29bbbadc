import { describe, expect, test } from "bun:test";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Decision, DecisionContext } from "../../runtime/messages/decision.ts";
import { orderEvents } from "../order/contract.ts";
import type { OrderNotices } from "./notice.ts";
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";
import type { Mail } from "./sender.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";
const DAY_MS = 24 * 60 * 60 * 1000;
const confirmed = { customerId: "alice", total: 100, currency: "USD" };
const refused = { customerId: "alice", status: "REJECTED", reason: "out_of_stock" };

function context(now: number): DecisionContext {
  let made = 0;
  return { key: ORDER, now, ids: { next: () => `id-${now}-${++made}` }, shared: new Map<string, never>() };
}

function only<T>(items: readonly T[] | undefined): T {
  const [item, ...others] = items ?? [];
  if (item === undefined || others.length > 0) throw new Error(`expected one, found ${items?.length ?? 0}`);
  return item;
}

type Type = keyof typeof orderEvents;

function told(state: OrderNotices | undefined, type: Type, data: object, now = 1_000): Decision<OrderNotices> {
  const handler = only(noticeHandlers.filter((each) => each.type === type));
  expect(handler).toMatchObject({ topic: orderEvents[type].topic, urgency: "background" });
  return handler.prepare(JSON.stringify(data)).decide(state, context(now));
}

const emailCall = only(noticeCalls);
const unavailable: CallOutcome<string> = { kind: "unavailable", detail: "busy" };
const unknown: CallOutcome<string> = { kind: "unknown", detail: "no answer" };
const taken: CallOutcome<string> = { kind: "answered", answer: "{}" };

/** A confirmed order whose e-mail is on its way. */
function withEmail() {
  const { state, calls } = told(undefined, "OrderConfirmed", { ...confirmed, email: "a@example.com" });
  if (!state) throw new Error("there is no state");
  return { state, request: only(calls).request };
}

const statuses = (state: OrderNotices | undefined) =>
  state?.notices.map(({ kind, channel, status }) => `${kind} ${channel} ${status}`);

describe("an event without an e-mail address", () => {
  test("makes an in-app notice that is sent at once", () => {
    expect(told(undefined, "OrderConfirmed", confirmed)).toEqual({
      state: {
        orderId: ORDER,
        customerId: "alice",
        email: null,
        notices: [
          { id: "id-1000-1", kind: "order_confirmed", channel: "in_app", status: "SENT", at: 1_000, failures: 0 },
        ],
      },
      calls: [],
    });
    expect(statuses(told(undefined, "OrderRefused", refused).state)).toEqual(["order_refused in_app SENT"]);
  });

  test("told again changes nothing", () => {
    const { state } = told(undefined, "OrderConfirmed", confirmed);
    expect(told(state, "OrderConfirmed", confirmed)).toEqual({});
  });
});

describe("an event with an e-mail address", () => {
  test("makes a pending notice and one call", () => {
    const { state, request } = withEmail();
    expect(state.email).toBe("a@example.com");
    expect(statuses(state)).toEqual(["order_confirmed email PENDING"]);
    expect(JSON.parse(request)).toEqual({ orderId: ORDER, kind: "order_confirmed", recipient: "a@example.com" });
    expect(told(state, "OrderConfirmed", { ...confirmed, email: "a@example.com" })).toEqual({});
  });

  test("keeps the notices of earlier events", () => {
    const { state } = told(undefined, "OrderConfirmed", confirmed);
    const later = told(state, "OrderRefused", { ...refused, email: "a@example.com" }, 2_000);
    expect(statuses(later.state)).toEqual(["order_confirmed in_app SENT", "order_refused email PENDING"]);
  });
});

describe("an e-mail", () => {
  test("goes to the sender with its fixed Message-ID and its text", async () => {
    const sent: Mail[] = [];
    const sender = {
      send: async (mail: Mail) => {
        sent.push(mail);
      },
    };
    const answer = await emailCall.execute(sender, withEmail().request, new AbortController().signal);
    expect(answer).toBe("{}");
    expect(only(sent)).toMatchObject({
      messageId: `<${ORDER}.order_confirmed.email@genai-demo>`,
      recipient: "a@example.com",
      subject: `Your order ${ORDER} is confirmed`,
    });
  });

  test("that was taken is SENT", () => {
    const { state, request } = withEmail();
    const decision = emailCall.decide(state, request, taken, context(2_000));
    expect(statuses(decision.state)).toEqual(["order_confirmed email SENT"]);
    expect(decision.setTimers).toBeUndefined();
  });

  test.each([unavailable, unknown])("is tried again by a timer after %o, until it is taken", (outcome) => {
    const { state, request } = withEmail();
    const first = emailCall.decide(state, request, outcome, context(2_000));
    expect(statuses(first.state)).toEqual(["order_confirmed email PENDING"]);
    expect(only(first.setTimers)).toEqual({ kind: "email.order_confirmed", dueMs: 7_000 });

    const timer = only(noticeTimers.filter(({ kind }) => kind === "email.order_confirmed"));
    const again = timer.decide(first.state, context(7_000));
    expect(again.state).toBeUndefined();
    expect(only(again.calls)).toEqual({ kind: "send_email", request });

    const second = emailCall.decide(first.state, request, outcome, context(8_000));
    expect(only(second.setTimers)).toEqual({ kind: "email.order_confirmed", dueMs: 18_000 });
    expect(statuses(emailCall.decide(second.state, request, taken, context(19_000)).state)).toEqual([
      "order_confirmed email SENT",
    ]);
  });

  test("is FAILED when it could not be sent for a day", () => {
    const { state, request } = withEmail();
    const decision = emailCall.decide(state, request, unavailable, context(1_000 + DAY_MS));
    expect(statuses(decision.state)).toEqual(["order_confirmed email FAILED"]);
    expect(decision.setTimers).toBeUndefined();
  });

  test("that has ended takes no further outcome or timer", () => {
    const { state, request } = withEmail();
    const sent = emailCall.decide(state, request, taken, context(2_000)).state;
    expect(() => emailCall.decide(sent, request, taken, context(3_000))).toThrow("cannot become SENT");
    const timer = only(noticeTimers.filter(({ kind }) => kind === "email.order_confirmed"));
    expect(() => timer.decide(sent, context(3_000))).toThrow("not to be sent again");
    expect(() => timer.decide(undefined, context(3_000))).toThrow("no e-mail notice");
  });
});
