import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { CallRequest, Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import type { OrderNotices } from "./notice.ts";
import { noticeCalls, noticeHandlers, noticeTimers } from "./order-notices.ts";

const ORDER = "01900000-0000-7000-8000-000000000001";

const told = fc.record({
  event: fc.constantFrom("OrderConfirmed", "OrderRefused"),
  email: fc.constantFrom(undefined, "a@example.com", "b@example.com"),
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

test("whatever is told and however sending goes: one notice a kind and channel, an end is kept, nothing hangs", () => {
  verify(
    fc.property(fc.array(fc.tuple(moment, fc.nat(8 * 3_600_000)), { maxLength: 30 }), (moments) => {
      let state: OrderNotices | undefined;
      let now = 0;
      let id = 0;
      const underWay: CallRequest[] = [];
      const timers: string[] = [];
      const context = () => ({ key: ORDER, now, ids: { next: () => `n-${++id}` }, shared: new Map<string, never>() });

      function take(decision: Decision<OrderNotices>) {
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
          ...underWay.map(({ request }) => String(JSON.parse(request).kind)),
          ...timers.map((kind) => kind.replace("email.", "")),
        ];
        const pending = notices.filter(({ status }) => status === "PENDING").map(({ kind }) => kind);
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
          if (made) take(noticeCalls[0]?.decide(state, made.request, each.fate, context()) ?? {});
        } else {
          const due = timers.shift();
          if (due) take(noticeTimers.find(({ kind }) => kind === due)?.decide(state, context()) ?? {});
        }
      }
    }),
    300,
  );
});
