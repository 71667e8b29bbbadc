import { expect, test } from "bun:test";
import { DatabaseError } from "../../runtime/database/port.ts";
import { NO_POSITIONS } from "../../runtime/messages/aggregate.ts";
import type { CommandResult } from "../../runtime/messages/item.ts";
import type { RefundAnswer } from "./manual-refund.ts";
import { newPayment, type Payment } from "./payment.ts";
import { type RefundDeps, requestRefund } from "./refund-request.ts";

const about = { orderId: "o", id: "p", customerId: "alice", currency: "USD", amount: 5, token: "tok_visa", attempt: 1 };
const captured: Payment = { ...newPayment(about, 0), status: "CAPTURED", authorised: 5, captured: 5 };
const accepted: Payment = { ...captured, work: "manual_refund", refundsAsked: [2] };
const done: Payment = { ...captured, status: "PARTIALLY_REFUNDED", refunded: 2, manuallyRefunded: 2 };

/** A refund of 2 that is accepted; then the payment changes as told, one change after the other. */
function askFor(...changes: readonly (Payment | Error | undefined)[]) {
  let now = 0;
  let version = 1;
  const coming = [...changes];
  const deps: RefundDeps = {
    clock: { now: () => now },
    earlier: async () => undefined,
    lane: {
      // Generic in the command, of which there is this one here.
      execute: (async (): Promise<CommandResult<RefundAnswer>> => ({
        kind: "decided",
        answer: { kind: "accepted", payment: accepted },
      })) as unknown as RefundDeps["lane"]["execute"],
    },
    changes: {
      ended: false,
      crowded: false,
      async next(key, known, { timeoutMs }) {
        const next = coming.shift();
        if (next instanceof Error) throw next;
        if (next === undefined) now += timeoutMs;
        expect(known).toBeLessThan(++version);
        return next && { key, state: next, version, positions: NO_POSITIONS };
      },
    },
    find: async () => captured,
  };
  return requestRefund(deps, {
    id: captured.id,
    amount: { amount: 2, currency: captured.currency },
    claim: null,
    traceparent: null,
    operator: null,
    waitMs: 0,
    signal: new AbortController().signal,
  });
}

test("the answer waits until the money went back", async () => {
  expect(await askFor(accepted, done)).toEqual(done);
});

test("nothing is heard of it in time: the answer is what is known", async () => {
  expect(await askFor(undefined)).toEqual(accepted);
});

test("what became of it cannot be read: the answer is what is known, for it is accepted", async () => {
  expect(await askFor(new DatabaseError("rejected", "42601", "syntax error"))).toEqual(accepted);
});
