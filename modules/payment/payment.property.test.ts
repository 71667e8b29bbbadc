import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { CallRequest, Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { paymentInvariants } from "./invariants.ts";
import { type Payment, paymentCalls, paymentHandlers, paymentTimers } from "./payment.ts";

const ORDER = "0192aaaa-0000-7000-8000-000000000001";
const RETRY_FOR_MS = 5_000;
const calls = paymentCalls({ retryForMs: RETRY_FOR_MS, answerTimeoutMs: 30_000 });

/** What becomes of a call: done and answered, done and the answer lost, on its way for long, or never sent. */
const fate = fc.constantFrom("answered", "lost", "slow", "unavailable");
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

const world = fc.record({
  amount: fc.constantFrom(0, 1000),
  accepts: fc.boolean(),
  fates: fc.array(fate, { maxLength: 12 }),
  /** At each moment: the call under way ends (0), the timer fires (1), a slow call arrives (2), `order` asks for a void (3). */
  moments: fc.array(fc.nat(3), { maxLength: 25 }),
  pausesMs: fc.array(fc.nat(3_000), { maxLength: 25 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

type Entry = "authorised" | "declined" | "voided";

/** The provider as its port promises it: a key is entered once, and a voided key never charges. */
function openProvider(accepts: boolean) {
  const ledger = new Map<string, Entry>();
  const slow: (() => void)[] = [];
  const enter = (key: string) => {
    if (!ledger.has(key)) ledger.set(key, accepts ? "authorised" : "declined");
  };
  const effects: Readonly<Record<string, (key: string) => object>> = {
    authorise(key) {
      enter(key);
      return verdict(key);
    },
    inquire: (key) => (ledger.has(key) ? verdict(key) : { result: "none" }),
    void(key) {
      ledger.set(key, "voided");
      return {};
    },
  };
  function verdict(key: string) {
    const result = ledger.get(key);
    return result === "authorised"
      ? { result, reference: "r" }
      : result === "declined"
        ? { result, detail: "d" }
        : { result };
  }
  return {
    ledger,
    slow,
    /** Carries a call out as its fate wants it, and tells what the caller learns. */
    call({ kind, request }: CallRequest, fate: Fate): CallOutcome<string> {
      const { key } = JSON.parse(request);
      const effect = () => effects[kind]?.(key) ?? {};
      switch (fate) {
        case "answered":
          return { kind: "answered", answer: JSON.stringify(effect()) };
        case "lost":
          effect();
          return { kind: "unknown", detail: "lost" };
        case "slow":
          slow.push(effect);
          return { kind: "unknown", detail: "no answer in time" };
        case "unavailable":
          return { kind: "unavailable", detail: "down" };
      }
    },
  };
}

function play({ amount, accepts, fates, moments, pausesMs }: World) {
  const provider = openProvider(accepts);
  const told: string[] = [];
  const keys = new Set<string>();
  let payment: Payment | undefined;
  let underWay: CallRequest[] = [];
  let timers = 0;
  let askedForVoid = false;
  let now = 0;
  const context = () => ({ key: ORDER, now, ids: { next: () => "payment-id" }, shared: new Map<string, never>() });

  function take(decision: Decision<Payment>) {
    paymentInvariants(payment, decision, new Map<string, never>());
    payment = decision.state ?? payment;
    underWay.push(...(decision.calls ?? []));
    timers += decision.setTimers?.length ?? 0;
    for (const { type } of decision.messages ?? []) told.push(type);
    // Nothing hangs, and nothing is done twice at a time: what is worked on has one call or one timer.
    expect(underWay.length + timers).toBe(payment?.work === "none" ? 0 : 1);
  }
  function command(type: string, data: object) {
    const handler = paymentHandlers.find((each) => each.type === type);
    if (!handler) throw new Error(`nobody handles ${type}`);
    take(handler.prepare(JSON.stringify(data)).decide(payment, context()));
  }
  const steps: readonly ((fate: Fate) => void)[] = [
    (fate) => {
      const [made] = underWay;
      if (!made) return;
      underWay = [];
      keys.add(JSON.parse(made.request).key);
      const outcome = provider.call(made, fate);
      const handler = calls.find((each) => each.kind === made.kind);
      take(handler?.decide(payment, made.request, outcome, context()) ?? {});
    },
    () => {
      if (timers === 0) return;
      timers = 0;
      take(paymentTimers[0]?.decide(payment, context()) ?? {});
    },
    () => provider.slow.shift()?.(),
    () => {
      if (askedForVoid) return;
      askedForVoid = true;
      command("VoidPayment", {});
    },
  ];
  command("AuthorisePayment", { attempt: 1, customerId: "alice", amount, currency: "USD", token: "tok" });
  let call = 0;
  for (const [index, moment] of moments.entries()) {
    now += pausesMs[index] ?? 0;
    steps[moment]?.(fates[call++] ?? "answered");
  }
  // The provider recovers, and everything that is under way ends.
  for (let n = 0; n < 12; n++) for (const step of steps.slice(0, 2)) step("answered");
  for (const arrive of provider.slow) arrive();
  if (!payment) throw new Error("there is no payment");
  return { payment, told, keys, askedForVoid, ledger: provider.ledger };
}

test("whatever the provider does and whenever it is voided: at most one charge, and it is what the order was told", () => {
  verify(
    fc.property(world, (each) => {
      const { payment, told, keys, askedForVoid, ledger } = play(each);
      expect(keys.size).toBeLessThanOrEqual(1);
      expect(payment.work).toBe("none");
      const charges = [...ledger.values()].filter((entry) => entry === "authorised").length;
      if (payment.status === "AUTHORISED") {
        expect(charges).toBe(each.amount === 0 ? 0 : 1);
        expect(payment.authorised).toBe(each.amount);
      } else {
        expect(charges).toBe(0);
        expect(payment.authorised).toBe(0);
        expect(["DECLINED", "VOIDED"]).toContain(payment.status);
      }
      if (askedForVoid) {
        expect(payment.status).not.toBe("AUTHORISED");
        expect(told.at(-1)).toBe("PaymentVoided");
      }
      // One verdict at most, then the answer to the void, once.
      const verdicts = told.filter((type) => type !== "PaymentVoided");
      expect(verdicts.length).toBeLessThanOrEqual(1);
      expect(told.filter((type) => type === "PaymentVoided")).toHaveLength(askedForVoid ? 1 : 0);
      if (!askedForVoid) expect(verdicts).toHaveLength(1);
      expect(payment.refunded).toBeLessThanOrEqual(payment.captured);
      expect(payment.captured).toBeLessThanOrEqual(payment.authorised);
    }),
    1_000,
  );
});
