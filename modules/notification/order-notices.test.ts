import { describe, expect, test } from "bun:test";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { Decision, DecisionContext } from "../../runtime/messages/decision.ts";
import { orderEvents } from "../order/contract.ts";
import type { OrderNotices } from "./notice.ts";
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";
import { type CustomerPreferences, DEFAULT_PREFERENCES, type Preferences } from "./preferences.ts";
import type { Mail } from "./sender.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";
const DAY_MS = 24 * 60 * 60 * 1000;
const confirmed = { customerId: "alice", total: 100, currency: "USD" };
const refused = { customerId: "alice", status: "REJECTED", reason: "out_of_stock" };

/** `preferences`: what alice has said. */
function context(now: number, preferences?: Partial<Preferences>): DecisionContext<CustomerPreferences> {
  let made = 0;
  const said = { customerId: "alice", preferences: { ...DEFAULT_PREFERENCES, ...preferences }, version: 1 };
  const shared = new Map(preferences === undefined ? [] : [["alice", said]]);
  return { key: ORDER, now, ids: { next: () => `id-${now}-${++made}` }, shared };
}

function only<T>(items: readonly T[] | undefined): T {
  const [item, ...others] = items ?? [];
  if (item === undefined || others.length > 0) throw new Error(`expected one, found ${items?.length ?? 0}`);
  return item;
}

type Type = keyof typeof orderEvents;

function told(
  state: OrderNotices | undefined,
  type: Type,
  data: object,
  now = 1_000,
  preferences?: Partial<Preferences>,
): Decision<OrderNotices, CustomerPreferences> {
  const handler = only(noticeHandlers.filter((each) => each.type === type));
  expect(handler).toMatchObject({ topic: orderEvents[type].topic, urgency: "background" });
  const prepared = handler.prepare(JSON.stringify(data));
  expect(prepared.sharedKeys(state)).toEqual(["alice"]);
  return prepared.decide(state, context(now, preferences));
}

const callNamed = (name: string) => only(noticeCalls.filter(({ kind }) => kind === name));
const emailCall = callNamed("send_email");
const noticeCall = callNamed("send_notice");
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
      setTimers: [],
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
    expect(JSON.parse(request)).toEqual({
      orderId: ORDER,
      kind: "order_confirmed",
      recipient: "a@example.com",
    });
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

  test("is FAILED when it could not be sent for a day, and is then found in the app", () => {
    const { state, request } = withEmail();
    const decision = emailCall.decide(state, request, unavailable, context(1_000 + DAY_MS));
    expect(statuses(decision.state)).toEqual(["order_confirmed email FAILED", "order_confirmed in_app SENT"]);
    expect([decision.setTimers, decision.calls]).toEqual([undefined, undefined]);
  });

  test("that has ended takes no further outcome or timer", () => {
    const { state, request } = withEmail();
    const sent = emailCall.decide(state, request, taken, context(2_000)).state;
    expect(() => emailCall.decide(sent, request, taken, context(3_000))).toThrow("cannot become SENT");
    const timer = only(noticeTimers.filter(({ kind }) => kind === "email.order_confirmed"));
    expect(() => timer.decide(sent, context(3_000))).toThrow("not to be sent again");
    expect(() => timer.decide(undefined, context(3_000))).toThrow("there is no notice order_confirmed");
  });
});

describe("a customer who has said how to be told", () => {
  const PHONE = "+886912345678";
  const HOUR_MS = 3_600_000;
  const confirm = (preferences: Partial<Preferences>, email: string | undefined = "a@example.com", now = 1_000) =>
    told(undefined, "OrderConfirmed", { ...confirmed, ...(email ? { email } : {}) }, now, preferences);

  test("is told on all channels, in that language", () => {
    const { state, calls } = confirm({ channels: ["sms", "email", "in_app"], phone: PHONE, language: "zh-TW" });
    expect(statuses(state)).toEqual([
      "order_confirmed sms PENDING",
      "order_confirmed email PENDING",
      "order_confirmed in_app SENT",
    ]);
    expect(calls?.map(({ request }) => JSON.parse(request))).toMatchObject([
      { channel: "sms", recipient: PHONE, language: "zh-TW" },
      { channel: "email", recipient: "a@example.com", language: "zh-TW" },
    ]);
  });

  test("is told by calls and timers that the first release, which mails in English, has under no name", () => {
    const made = (preferences: Partial<Preferences>) => {
      const { state, calls } = confirm(preferences);
      const { kind, request } = only(calls);
      const failed = callNamed(kind).decide(state, request, unavailable, context(2_000));
      return [kind, only(failed.setTimers).kind];
    };
    expect(made({})).toEqual(["send_email", "email.order_confirmed"]);
    expect(made({ language: "zh-TW" })).toEqual(["send_notice", "email.zh-TW.order_confirmed"]);
    expect(made({ channels: ["sms"], phone: PHONE })).toEqual(["send_notice", "sms.order_confirmed"]);
  });

  test("is told as the release before has asked for, which called every notice an e-mail", async () => {
    const { state, calls } = confirm({ channels: ["sms"], phone: PHONE, language: "zh-TW" });
    const { request } = only(calls);
    const sent: Mail[] = [];
    const sender = { send: async (mail: Mail) => void sent.push(mail) };
    for (const made of [noticeCall, emailCall]) await made.execute(sender, request, new AbortController().signal);
    expect(sent[0]).toMatchObject({ channel: "sms", recipient: PHONE });
    expect(sent[1]).toEqual(sent[0]);
    expect(statuses(emailCall.decide(state, request, taken, context(2_000)).state)).toEqual([
      "order_confirmed sms SENT",
    ]);
  });

  test("hears nothing in quiet hours, and then all of it; the app waits for nobody", () => {
    const quietHours = { from: "22:00", to: "07:00", timeZone: "UTC" };
    const night = Date.UTC(2026, 0, 1, 23);
    const morning = Date.UTC(2026, 0, 2, 7);
    const preferences: Partial<Preferences> = { channels: ["sms", "in_app"], phone: PHONE, quietHours };
    const { state, calls, setTimers } = confirm(preferences, undefined, night);
    expect(statuses(state)).toEqual(["order_confirmed sms PENDING", "order_confirmed in_app SENT"]);
    expect([calls, setTimers]).toEqual([[], [{ kind: "sms.order_confirmed", dueMs: morning }]]);
    const timer = only(noticeTimers.filter(({ kind }) => kind === "sms.order_confirmed"));
    // The clock was put back meanwhile.
    expect(timer.decide(state, context(morning - HOUR_MS))).toEqual({
      setTimers: [{ kind: "sms.order_confirmed", dueMs: morning }],
    });
    const { request } = only(timer.decide(state, context(morning)).calls);
    // The night does not count as time in which it could not be sent, and a retry waits for the next morning.
    const evening = Date.UTC(2026, 0, 2, 21, 59, 59);
    const again = noticeCall.decide(state, request, unavailable, context(morning + HOUR_MS - 1));
    expect(only(again.setTimers).dueMs).toBe(morning + HOUR_MS - 1 + 5_000);
    const late = confirm(preferences, undefined, evening);
    const failed = noticeCall.decide(late.state, only(late.calls).request, unknown, context(evening));
    expect(only(failed.setTimers).dueMs).toBe(Date.UTC(2026, 0, 3, 7));
  });

  test("hears what quiet hours have kept in the order in which it came to be, on each channel", () => {
    const quietHours = { from: "22:00", to: "07:00", timeZone: "UTC" };
    const night = Date.UTC(2026, 0, 1, 23);
    const morning = Date.UTC(2026, 0, 2, 7);
    const preferences: Partial<Preferences> = {
      channels: ["sms", "push"],
      phone: PHONE,
      device: "a".repeat(64),
      quietHours,
    };
    const { state } = confirm(preferences, undefined, night);
    const cancelled = told(state, "OrderCancelled", { customerId: "alice", reason: "r" }, night + 1, preferences);
    expect(cancelled.setTimers).toEqual([
      { kind: "sms.order_cancelled", dueMs: morning + 1_000 },
      { kind: "push.order_cancelled", dueMs: morning + 1_000 },
    ]);
    const shipped = told(cancelled.state, "OrderShipped", { customerId: "alice" }, morning + HOUR_MS, preferences);
    expect([shipped.setTimers, shipped.calls?.length]).toEqual([[], 2]);
  });

  test("gets a notice that could not be sent on the fallback channel, and in the app when that fails too", () => {
    const { state, calls } = confirm({ channels: ["sms"], phone: PHONE, fallback: "email", language: "zh-TW" });
    const failed = noticeCall.decide(state, only(calls).request, unavailable, context(1_000 + HOUR_MS));
    expect(statuses(failed.state)).toEqual(["order_confirmed sms FAILED", "order_confirmed email PENDING"]);
    const mail = only(failed.calls);
    expect(JSON.parse(mail.request)).toMatchObject({
      channel: "email",
      recipient: "a@example.com",
      language: "zh-TW",
    });
    const given = noticeCall.decide(failed.state, mail.request, unknown, context(1_000 + HOUR_MS + DAY_MS));
    expect(statuses(given.state)).toEqual([
      "order_confirmed sms FAILED",
      "order_confirmed email FAILED",
      "order_confirmed in_app SENT",
    ]);
  });

  test("is not told twice on a channel, nor anywhere else who wants no fallback", () => {
    const both = confirm({ channels: ["sms", "in_app"], phone: PHONE });
    const failed = noticeCall.decide(both.state, only(both.calls).request, unavailable, context(1_000 + HOUR_MS));
    expect(statuses(failed.state)).toEqual(["order_confirmed sms FAILED", "order_confirmed in_app SENT"]);
    const alone = confirm({ channels: ["sms"], phone: PHONE, fallback: null });
    const given = noticeCall.decide(alone.state, only(alone.calls).request, unavailable, context(1_000 + HOUR_MS));
    expect(statuses(given.state)).toEqual(["order_confirmed sms FAILED"]);
  });
});

test("an intent of the first release goes on as an e-mail in English", async () => {
  const sent: Mail[] = [];
  const sender = { send: async (mail: Mail) => void sent.push(mail) };
  const before = JSON.stringify({ orderId: ORDER, kind: "order_confirmed", recipient: "a@example.com" });
  await emailCall.execute(sender, before, new AbortController().signal);
  expect(only(sent)).toMatchObject({ channel: "email", subject: `Your order ${ORDER} is confirmed` });
  const { state } = withEmail();
  expect(statuses(emailCall.decide(state, before, taken, context(2_000)).state)).toEqual([
    "order_confirmed email SENT",
  ]);
});
