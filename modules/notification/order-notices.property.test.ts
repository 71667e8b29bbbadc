import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { CallRequest, Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { channels } from "./channel.ts";
import { languages } from "./language.ts";
import type { OrderNotices } from "./notice.ts";
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";
import type { CustomerPreferences } from "./preferences.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";

const told = fc.record({
  event: fc.constantFrom("OrderConfirmed", "OrderRefused"),
  email: fc.constantFrom(undefined, "a@example.com", "b@example.com"),
});
const time = fc.constantFrom("00:00", "07:30", "12:00", "22:00");
const preferences = fc.record({
  language: fc.constantFrom(...languages),
  channels: fc.array(fc.constantFrom(...channels), { minLength: 1, maxLength: 4 }),
  fallback: fc.constantFrom(null, ...channels),
  phone: fc.constantFrom(null, "+886912345678"),
  device: fc.constantFrom(null, "device"),
  quietHours: fc.option(fc.record({ from: time, to: time, timeZone: fc.constantFrom("UTC", "Asia/Taipei") })),
});
const fate = fc.constantFrom<CallOutcome<string>>(
  { kind: "answered", answer: "{}" },
  { kind: "unknown", detail: "no answer" },
  { kind: "unavailable", detail: "busy" },
);
const moment = fc.oneof(
  told.map((event) => ({ kind: "event" as const, ...event })),
  fc.record({ kind: fc.constant("call" as const), fate }),
  fc.record({ kind: fc.constant("timer" as const) }),
);

/** Null: nothing was said. */
const wishes = fc.option(preferences);

test("whatever is told and however sending goes: one notice a kind and channel, an end is kept, nothing hangs", () => {
  verify(
    fc.property(
      wishes,
      fc.array(fc.tuple(moment, fc.nat(8 * 3_600_000)), { maxLength: 30, size: "max" }),
      (wished, moments) => {
        let state: OrderNotices | undefined;
        let now = 0;
        let id = 0;
        const underWay: CallRequest[] = [];
        const timers: string[] = [];
        const said = wished && { customerId: "alice", preferences: wished, version: 1 };
        const shared = new Map(said ? [["alice", said] as const] : []);
        const context = () => ({ key: ORDER, now, ids: { next: () => `n-${++id}` }, shared });

        function take(decision: Decision<OrderNotices, CustomerPreferences>) {
          for (const before of state?.notices ?? [])
            if (decision.state && before.status !== "PENDING")
              expect(decision.state.notices.find((each) => each.id === before.id)).toEqual(before);
          state = decision.state ?? state;
          underWay.push(...(decision.calls ?? []));
          timers.push(...(decision.setTimers ?? []).map(({ kind }) => kind));
          const notices = state?.notices ?? [];
          const names = notices.map(({ kind, channel }) => `${kind} ${channel}`);
          expect(new Set(names).size).toBe(names.length);
          const working = [
            ...underWay.map(({ request }) => {
              const { channel = "email", kind } = JSON.parse(request);
              return `${channel}.${kind}`;
            }),
            ...timers.map((name) => name.replace(".zh-TW.", ".")),
          ];
          const pending = notices
            .filter(({ status }) => status === "PENDING")
            .map(({ kind, channel }) => `${channel}.${kind}`);
          expect(working.sort()).toEqual([...pending].sort());
        }
        for (const [each, pauseMs] of moments) {
          now += pauseMs;
          if (each.kind === "event") {
            const handler = noticeHandlers.find(({ type }) => type === each.event);
            const data = {
              customerId: "alice",
              total: 1,
              currency: "USD",
              status: "REJECTED",
              reason: "r",
              email: each.email,
            };
            take(handler?.prepare(JSON.stringify(data)).decide(state, context()) ?? {});
          } else if (each.kind === "call") {
            const made = underWay.shift();
            const handler = noticeCalls.find(({ kind }) => kind === made?.kind);
            if (made) take(handler?.decide(state, made.request, each.fate, context()) ?? {});
          } else {
            const due = timers.shift();
            if (due) take(noticeTimers.find(({ kind }) => kind === due)?.decide(state, context()) ?? {});
          }
        }
      },
    ),
    300,
  );
});
