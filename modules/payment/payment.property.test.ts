import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CallOutcome } from "../../runtime/messages/call.ts";
import type { CallRequest, Decision } from "../../runtime/messages/decision.ts";
import { verify } from "../../runtime/property.fixture.ts";
import { paymentCalls, paymentHandlers, paymentTimers } from "./handlers.ts";
import { paymentInvariants } from "./invariants.ts";
import { askForRefund } from "./manual-refund.ts";
import type { Payment } from "./payment.ts";
import { providerTold } from "./waking.ts";

const ORDER = "0192aaaa-0000-7000-8000-000000000001";
const calls = paymentCalls({
  retryForMs: 5_000,
  answerTimeoutMs: 30_000,
  customerActionMs: 6_000,
  authorisationMs: 12_000,
});

/** What becomes of a call: done and answered, done and the answer lost, on its way for long, or never sent. */
const fate = fc.constantFrom("answered", "answered", "answered", "lost", "slow", "slow", "unavailable");
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

/** What `order` asks for, at any time and repeated. */
const order = fc.constantFrom("CapturePayment", "CapturePayment", "VoidPayment", "RefundPayment");
/** What happens at a moment: what is under way goes on (its call ends, or its timer fires), or something comes between. */
const moment = fc.oneof(
  { weight: 8, arbitrary: fc.constant("goesOn" as const) },
  { weight: 2, arbitrary: fc.constant("slowArrives" as const) },
  { weight: 1, arbitrary: fc.constant("discarded" as const) },
  { weight: 1, arbitrary: fc.constantFrom("customerActs", "wake") },
  { weight: 1, arbitrary: fc.constantFrom("refundsSome", "refundsMost") },
  { weight: 2, arbitrary: order },
);
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

const world = fc.record({
  amount: fc.constantFrom(0, 1000, 1000, 1000, 1000, 1000),
  /** What the provider says to the authorisation, and what the customer does where they are asked. */
  says: fc.constantFrom("authorised", "authorised", "authorised", "action_required", "declined"),
  customerCompletes: fc.boolean(),
  capturesAreRefused: fc.constantFrom(false, false, false, true),
  /** Whether the authorisation is answered before anything else happens. */
  beginsWell: fc.boolean(),
  moments: fc.array(fc.record({ what: moment, fate, pauseMs: fc.nat(2_000) }), { maxLength: 40, size: "max" }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

interface Charge {
  status: "authorised" | "action_required" | "declined" | "voided";
  amount: number;
  captured: number;
  refunds: Map<string, number>;
}

const refundedOf = ({ refunds }: Charge) => [...refunds.values()].reduce((sum, amount) => sum + amount, 0);

/** The provider as its port promises it: each key is entered once, and a voided authorisation never charges. */
function openProvider({ says, customerCompletes, capturesAreRefused }: World) {
  const ledger = new Map<string, Charge>();
  const slow: (() => void)[] = [];
  const charge = (key: string, status: Charge["status"], amount = 0): Charge => {
    const entered = ledger.get(key) ?? { status, amount, captured: 0, refunds: new Map() };
    ledger.set(key, entered);
    return entered;
  };
  const verdict = ({ status: result, captured }: Charge): object => {
    if (captured > 0) return { result: "captured" };
    return { result, reference: "r", detail: "d", url: "/action" };
  };
  interface Asked {
    readonly key: string;
    readonly authorisation: string;
    readonly amount: number;
  }
  const refused = { result: "refused", detail: "d" };
  function refund({ key, authorisation, amount }: Asked): object {
    const found = ledger.get(authorisation);
    if (found?.refunds.has(key)) return { result: "refunded" };
    if (!found || refundedOf(found) + amount > found.captured) return refused;
    found.refunds.set(key, amount);
    return { result: "refunded" };
  }
  const effects: Readonly<Record<string, (asked: Asked) => object>> = {
    authorise: ({ key, amount }) => verdict(charge(key, says, amount)),
    inquire({ key }) {
      const found = ledger.get(key);
      return found ? verdict(found) : { result: "none" };
    },
    capture({ authorisation }) {
      const found = ledger.get(authorisation);
      if (found?.status !== "authorised" || capturesAreRefused) return refused;
      found.captured = found.amount;
      return { result: "captured" };
    },
    void({ key }) {
      const found = charge(key, "voided");
      if (found.captured > 0) return { result: "captured" };
      found.status = "voided";
      return { result: "voided" };
    },
    refund,
    manual_refund: refund,
  };
  return {
    slow,
    charge: () => [...ledger.values()][0],
    keys: () => ledger.size,
    customerActs() {
      for (const found of ledger.values())
        if (found.status === "action_required") found.status = customerCompletes ? "authorised" : "declined";
    },
    /** Carries a call out as its fate wants it, and tells what the caller learns. */
    call({ kind, request }: CallRequest, fate: Fate): CallOutcome<string> {
      const effect = () => effects[kind]?.(JSON.parse(request)) ?? {};
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

type Provider = ReturnType<typeof openProvider>;

/** What is told is so at that moment, in the provider's own books. */
function judge(type: string, payment: Payment | undefined, provider: Provider) {
  const charge = provider.charge();
  const captured = charge?.captured ?? 0;
  switch (type) {
    case "PaymentCaptured":
      return expect(captured).toBe(payment?.amount ?? -1);
    case "PaymentCaptureFailed":
      return expect(captured).toBe(0);
    case "PaymentVoided":
    case "PaymentDeclined":
      expect(["authorised", "action_required"]).not.toContain(charge?.status ?? "voided");
      return expect(captured).toBe(0);
    case "PaymentRefunded":
      return expect(charge ? refundedOf(charge) : 0).toBe(payment?.refunded ?? -1);
  }
}

function play(each: World) {
  const provider = openProvider(each);
  const told: { type: string; amount: number; isAll: boolean }[] = [];
  const manual: number[] = [];
  let payment: Payment | undefined;
  const underWay: CallRequest[] = [];
  /** An operator has discarded an outcome or a timer, and nobody has asked again since. */
  let isLost = false;
  let wasBegunAgain = false;
  const timers = new Map<string, number>();
  /** How much had been told when the last of each command came; the last one comes last. */
  const asked = new Map<string, number>();
  let now = 0;
  const context = () => ({ key: ORDER, now, ids: { next: () => "payment-id" }, shared: new Map<string, never>() });

  function take(decision: Decision<Payment>) {
    paymentInvariants(payment, decision, new Map<string, never>());
    payment = decision.state ?? payment;
    underWay.push(...(decision.calls ?? []));
    for (const kind of decision.cancelTimers ?? []) timers.delete(kind);
    for (const { kind, dueMs } of decision.setTimers ?? []) timers.set(kind, dueMs);
    for (const { type, data } of decision.messages ?? []) {
      const { amount = 0, refunded, captured } = JSON.parse(data);
      told.push({ type, amount, isAll: refunded === captured });
      judge(type, payment, provider);
    }
    // Nothing hangs, and nothing is done twice at a time: what is worked on has one call or one timer.
    const open = underWay.length + timers.size;
    isLost = isLost && open === 0 && payment?.work !== "none";
    if (!wasBegunAgain && !isLost) expect(open).toBe(payment?.work === "none" ? 0 : 1);
    else if (!isLost && payment?.work !== "none") expect(open).toBeGreaterThan(0);
  }
  function command(type: string, data: object = {}) {
    const handler = paymentHandlers.find((candidate) => candidate.type === type);
    if (!handler) throw new Error(`nobody handles ${type}`);
    asked.delete(type);
    asked.set(type, told.length);
    const decision = handler.prepare(JSON.stringify(data)).decide(payment, context());
    wasBegunAgain ||= payment !== undefined && payment.work !== "none" && (decision.calls ?? []).length > 0;
    take(decision);
  }
  function callEnds(fate: Fate) {
    const made = underWay.shift();
    if (!made) return;
    const outcome = provider.call(made, fate);
    const handler = calls.find((candidate) => candidate.kind === made.kind);
    take(handler?.decide(payment, made.request, outcome, context()) ?? {});
  }
  function timerFires() {
    const [kind] = timers.keys();
    if (kind === undefined) return;
    timers.delete(kind);
    take(paymentTimers.find((candidate) => candidate.kind === kind)?.decide(payment, context()) ?? {});
  }
  /** The outcome of a call, whatever it did, or a timer is parked, and an operator discards it. */
  function discard(fate: Fate) {
    const made = underWay.shift();
    if (made) provider.call(made, fate);
    else timers.delete([...timers.keys()][0] ?? "");
    isLost = payment?.work !== "none" && underWay.length + timers.size === 0;
  }
  /** An operator has what was asked for repeated, the last of it first, until it goes on. */
  function askAgain() {
    for (const type of [...asked.keys()].toReversed())
      if (isLost) command(type, type === "AuthorisePayment" ? authorisation : {});
    expect(isLost).toBe(false);
  }
  function refundsManually(amount: number) {
    const decision = askForRefund.decide(payment, { amount, currency: "USD" }, context());
    if (decision.answer.kind === "accepted") manual.push(amount);
    take(decision);
  }
  const happens = (what: Moment, fate: Fate) => {
    switch (what) {
      case "goesOn":
        return underWay.length > 0 ? callEnds(fate) : timerFires();
      case "slowArrives":
        return provider.slow.shift()?.();
      case "discarded":
        return discard(fate);
      case "customerActs":
        return provider.customerActs();
      case "wake":
        return take(providerTold.decide(payment, { authorisation: `${ORDER}:auth:1` }, context()));
      case "refundsSome":
        return refundsManually(300);
      case "refundsMost":
        return refundsManually(800);
      default:
        return command(what);
    }
  };

  const authorisation = { attempt: 1, customerId: "alice", amount: each.amount, currency: "USD", token: "tok" };
  command("AuthorisePayment", authorisation);
  if (each.beginsWell) callEnds("answered");
  for (const { what, fate, pauseMs } of each.moments) {
    now += pauseMs;
    happens(what, fate);
  }
  if (isLost) askAgain();
  // The provider recovers, everything that is under way ends, and each pause passes.
  for (let n = 0; n < 30; n++) {
    callEnds("answered");
    now = Math.max(now, ...timers.values());
    timerFires();
  }
  for (const arrive of provider.slow) arrive();
  if (!payment) throw new Error("there is no payment");
  return { payment, told, asked, provider, manual };
}

const ENDS_UNDONE = ["PaymentVoided", "PaymentRefunded"];
const endsUndone = ({ type, isAll }: { readonly type: string; readonly isAll: boolean }) =>
  type === "PaymentVoided" || (type === "PaymentRefunded" && isAll);

test("whatever fails and whatever is asked for when: one charge at most, and the provider's books say what was told", () => {
  verify(
    fc.property(world, (each) => {
      const { payment, told, asked, provider, manual } = play(each);
      const { status } = payment;
      const charge = provider.charge();
      expect(provider.keys()).toBeLessThanOrEqual(1);
      expect(payment.work).toBe("none");
      expect(charge?.captured ?? 0).toBe(payment.captured);
      expect(charge ? refundedOf(charge) : 0).toBe(payment.refunded);
      const isCharged = charge?.status === "authorised";
      const hasCharge =
        ["AUTHORISED", "CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED"].includes(status) && each.amount > 0;
      expect(isCharged).toBe(hasCharge);
      if (hasCharge) expect(payment.authorised).toBe(each.amount);

      const types = told.map(({ type }) => type);
      const after = (command: string) => types.slice(asked.get(command) ?? types.length);
      const commands = [...asked.keys()];
      if (commands.indexOf("RefundPayment") > commands.indexOf("CapturePayment"))
        expect(status).not.toMatch("CAPTURED|PARTIALLY_REFUNDED");
      if (asked.has("VoidPayment")) expect(["VOIDED", "REFUNDED", "DECLINED"]).toContain(status);
      for (const command of ["VoidPayment", "RefundPayment"])
        if (asked.has(command)) expect(told.slice(asked.get(command)).some(endsUndone)).toBe(true);
      if (asked.has("CapturePayment")) {
        const ends = ["PaymentCaptured", "PaymentCaptureFailed", ...ENDS_UNDONE];
        expect(after("CapturePayment").some((type) => ends.includes(type))).toBe(true);
      }
      const verdicts = types.filter((type) => type === "PaymentAuthorised" || type === "PaymentDeclined");
      expect(verdicts.length).toBeLessThanOrEqual(1);
      if (asked.size === 1) expect(verdicts).toHaveLength(1);
      const refunds = told.filter(({ type }) => type === "PaymentRefunded");
      expect(refunds.reduce((sum, { amount }) => sum + amount, 0)).toBe(payment.refunded);
      expect(manual.reduce((sum, amount) => sum + amount, 0)).toBe(payment.manuallyRefunded);
      if (!asked.has("VoidPayment") && !asked.has("RefundPayment"))
        expect(payment.refunded).toBe(payment.manuallyRefunded);
      expect(types.filter((type) => type === "PaymentActionRequired").length).toBeLessThanOrEqual(1);
    }),
    3_000,
  );
});
