/**
 * One use of a coupon, held for an order while it is placed: HELD, then USED when the order is sold, or RELEASED, and
 * the use can be had again.
 *
 * It is taken by the rpc `holdCoupon` (coupon-hold-rpc.ts) before there is an order, and from then on the order's saga says
 * what becomes of it; each command may come again and is answered again. What `order` has released is never held again.
 * A hold whose order does not come to be is nobody's: some time after it was last held `order` is asked whether it
 * knows the order, again and again until it answers, and only its "no" releases the hold. An answer to a question from
 * before the hold was renewed says nothing. A process that has slept, its clock with it, may place the order after that
 * "no": its sale takes the use again. It is parked, for an operator, only when somebody else has got the last use.
 *
 * Limits count uses in rows that all holds of a coupon share, locked before the decision, so they hold under any
 * concurrency and with any number of replicas.
 */
import * as z from "zod";
import { doubledPauseMs } from "../../runtime/backoff.ts";
import { call, defineCall, onOutcome } from "../../runtime/messages/call.ts";
import { message } from "../../runtime/messages/contract.ts";
import {
  type Command,
  type Decision,
  type DecisionContext,
  on,
  type TimerHandler,
} from "../../runtime/messages/decision.ts";
import type { Price } from "./basket.ts";
import { pricingCommands, pricingEvents } from "./contract.ts";
import { type Coupon, whyNotAgain, whyNotForBasket, whyNotNow } from "./coupon.ts";
import { type Offer, priced } from "./price.ts";

export type HoldStatus = "HELD" | "USED" | "RELEASED";
export type Releaser = "order" | "orphaned";

export interface CouponHold {
  readonly orderId: string;
  /** Null where nothing was ever held: the order's release came first. */
  readonly code: string | null;
  readonly customerId: string | null;
  readonly status: HoldStatus;
  readonly releasedBy: Releaser | null;
  /** How often it was taken or renewed: tells questions about it apart. */
  readonly renewal: number;
  /** Questions in a row without an answer, for the backoff. */
  readonly failures: number;
}

/** How many uses there are of a coupon: of all (`customerId` is null) or of one customer, held ones among them. */
export interface UseCount {
  readonly coupon: Coupon;
  readonly customerId: string | null;
  readonly uses: number;
  /** Of the row that was read; 0: there is none yet. */
  readonly version: number;
}

/** The key of a count among the shared rows. No code and no customer has a blank. */
export const countKey = (code: string, customerId: string | null) =>
  customerId === null ? code : `${code} ${customerId}`;

/** Whom the hold of an order without an answer is asked of. */
export interface Orders {
  isKnown(orderId: string): Promise<boolean>;
}

export interface HoldRequest {
  readonly code: string;
  readonly customerId: string;
  /** What the coupon is for, or what was quoted with it before. */
  readonly basis: Offer | Price;
}

export type HoldAnswer =
  | { readonly kind: "held"; readonly price: Price }
  | { readonly kind: "refused"; readonly why: string };

type Context = DecisionContext<UseCount>;
type Outcome = Decision<CouponHold, UseCount>;
type Counts = ReadonlyMap<string, UseCount>;

const ORPHANED = "orphaned" satisfies Releaser;
const ASK_TIMEOUT_MS = 5_000;
const BACKOFF = { firstMs: 1_000, mostMs: 60_000 };

/** Keys of the counts that a use of the coupon by the customer changes. */
const countKeys = (code: string, customerId: string) => [countKey(code, null), countKey(code, customerId)];

const countsOf = (hold: CouponHold | undefined) =>
  hold === undefined || hold.code === null || hold.customerId === null ? [] : countKeys(hold.code, hold.customerId);

/** The counts with one use more or less. Without a limit for each, customers are not counted. */
function counted(counts: Counts, code: string, customerId: string, by: 1 | -1): Counts {
  const all = counts.get(countKey(code, null));
  if (!all) throw new Error(`the uses of ${code} were not locked`);
  const changed = new Map([[countKey(code, null), { ...all, uses: all.uses + by }]]);
  if (all.coupon.perCustomerLimit === null) return changed;
  const key = countKey(code, customerId);
  const own = counts.get(key);
  if (!own) throw new Error(`the uses of ${code} by ${customerId} were not locked`);
  return changed.set(key, { ...own, uses: own.uses + by });
}

const priceOf = (basis: Offer | Price, coupon: Coupon) => (basis.kind === "offer" ? priced(basis, coupon) : basis);

const whyNoneLeft = ({ coupon, uses }: UseCount, customerId: string, counts: Counts) =>
  whyNotAgain(coupon, { ofAll: uses, ofCustomer: counts.get(countKey(coupon.code, customerId))?.uses ?? 0 });

const refused = (why: string) => ({ answer: { kind: "refused", why } }) as const;

function take(
  hold: CouponHold | undefined,
  { code, customerId, basis }: HoldRequest,
  orphanAfterMs: number,
  { key, now, shared }: Context,
): Outcome & { answer: HoldAnswer } {
  const all = shared.get(countKey(code, null));
  if (!all) return refused(`there is no coupon ${code}; leave it out`);
  const { coupon } = all;
  const why = whyNotNow(coupon, now) ?? whyNotForBasket(coupon, basis) ?? whyNoneLeft(all, customerId, shared);
  if (why !== undefined) return refused(why);
  return {
    state: {
      orderId: key,
      code,
      customerId,
      status: "HELD",
      releasedBy: null,
      renewal: (hold?.renewal ?? 0) + 1,
      failures: 0,
    },
    shared: counted(shared, code, customerId, 1),
    setTimers: [{ kind: ORPHANED, dueMs: now + orphanAfterMs }],
    answer: { kind: "held", price: priceOf(basis, coupon) },
  };
}

/** The coupon was valid when it was first held, and its use is counted; the basket may be priced otherwise by now. */
function renew(
  hold: CouponHold,
  { code, basis }: HoldRequest,
  orphanAfterMs: number,
  { now, shared }: Context,
): Outcome & { answer: HoldAnswer } {
  const coupon = shared.get(countKey(code, null))?.coupon;
  if (!coupon) throw new Error(`the uses of ${code} were not locked`);
  const why = whyNotForBasket(coupon, basis);
  if (why !== undefined) return refused(why);
  return {
    state: { ...hold, renewal: hold.renewal + 1, failures: 0 },
    setTimers: [{ kind: ORPHANED, dueMs: now + orphanAfterMs }],
    answer: { kind: "held", price: priceOf(basis, coupon) },
  };
}

/** The commands of a hold: `hold` for a new order id, `renew` for one that was found by its key. */
export function holdCommands(orphanAfterMs: number) {
  const hold: Command<CouponHold, UseCount, HoldRequest, HoldAnswer> = {
    name: "holdCoupon",
    creates: true,
    shares: (_hold, { code, customerId }) => countKeys(code, customerId),
    decide(present, request, context) {
      if (present?.code !== undefined && present.code !== null && present.code !== request.code)
        return refused(`${present.code} is held for this order; send a new Idempotency-Key for another coupon`);
      if (present?.status === "HELD") return renew(present, request, orphanAfterMs, context);
      if (present === undefined || present.releasedBy === "orphaned")
        return take(present, request, orphanAfterMs, context);
      return refused(`${request.code} was for an order that has been placed already`);
    },
  };
  return { hold, renew: { ...hold, name: "renewCoupon", creates: false } };
}

function release(hold: CouponHold, releasedBy: Releaser, { shared }: Context): Outcome {
  const state: CouponHold = { ...hold, status: "RELEASED", releasedBy, failures: 0 };
  if (hold.status === "RELEASED" || hold.code === null || hold.customerId === null) return { state };
  return { state, shared: counted(shared, hold.code, hold.customerId, -1), cancelTimers: [ORPHANED] };
}

/** The hold with a use that was given back, had again. Throws when there is none left. */
function takenAgain(hold: CouponHold, { shared }: Context): Outcome & { state: CouponHold } {
  const { code, customerId } = hold;
  const all = code === null ? undefined : shared.get(countKey(code, null));
  if (code === null || customerId === null || !all) throw new Error(`the uses of ${code} were not locked`);
  const why = whyNoneLeft(all, customerId, shared);
  if (why !== undefined) throw new Error(`cannot use a coupon that was taken for an orphan and given back: ${why}`);
  return {
    state: { ...hold, status: "HELD", releasedBy: null },
    shared: counted(shared, code, customerId, 1),
  };
}

/** Handlers of `pricing.commands`. */
export const holdHandlers = [
  on<CouponHold, object, UseCount>(
    pricingCommands.UseCoupon,
    (hold, _data, context) => {
      const taken = hold?.releasedBy === ORPHANED ? takenAgain(hold, context) : { state: hold };
      const { state } = taken;
      if (state?.status !== "HELD" && state?.status !== "USED")
        throw new Error(`cannot use a coupon that is ${hold?.status ?? "not held"}`);
      return {
        ...taken,
        state: { ...state, status: "USED", failures: 0 },
        messages: [message(pricingEvents.CouponUsed, {})],
        cancelTimers: [ORPHANED],
      };
    },
    { shares: (hold) => (hold?.releasedBy === ORPHANED ? countsOf(hold) : []), urgency: "background" },
  ),
  on<CouponHold, object, UseCount>(
    pricingCommands.ReleaseCoupon,
    (hold, _data, context) => ({
      ...release(hold ?? neverHeld(context.key), "order", context),
      messages: [message(pricingEvents.CouponReleased, {})],
    }),
    { shares: countsOf, urgency: "background" },
  ),
];

/** Stands for an order whose release came before anything was held. */
const neverHeld = (orderId: string): CouponHold => ({
  orderId,
  code: null,
  customerId: null,
  status: "RELEASED",
  releasedBy: "order",
  renewal: 0,
  failures: 0,
});

const askOrder = defineCall({
  kind: "ask_order",
  peer: "order",
  request: z.object({ orderId: z.uuid(), renewal: z.int() }),
  answer: z.object({ known: z.boolean() }),
  afterCrash: "repeat",
});

/** When a hold has been there for so long that `order` is asked whether it knows of it. */
export const holdTimers: readonly TimerHandler<CouponHold, UseCount>[] = [
  {
    kind: ORPHANED,
    decide: (hold) => {
      if (hold?.status !== "HELD") return {};
      const { orderId, renewal } = hold;
      return { state: hold, calls: [call(askOrder, { orderId, renewal })] };
    },
  },
];

/** What is decided when `order` has said whether it knows of it, or has said nothing. */
export const holdCalls = [
  onOutcome(
    askOrder,
    ASK_TIMEOUT_MS,
    async (orders: Orders, { orderId }) => ({ known: await orders.isKnown(orderId) }),
    (hold: CouponHold | undefined, { renewal }, outcome, context: Context): Outcome => {
      if (hold?.status !== "HELD" || hold.renewal !== renewal) return {};
      if (outcome.kind !== "answered") return askAgain(hold, context.now);
      // Of an order that is known, the saga tells what becomes of the coupon.
      return outcome.answer.known ? { state: { ...hold, failures: 0 } } : release(hold, "orphaned", context);
    },
    { shares: countsOf },
  ),
];

function askAgain(hold: CouponHold, now: number): Outcome {
  const failures = hold.failures + 1;
  const dueMs = now + doubledPauseMs(failures, BACKOFF);
  return { state: { ...hold, failures }, setTimers: [{ kind: ORPHANED, dueMs }] };
}
