/**
 * Holds one order's facts from all modules against each other. Pure.
 *
 * An order with an open outbox row, call or timer, or with a number that is not handled yet, is in flight: how its
 * modules stand to each other is not judged then, because some have heard what others have not. An order with a dead
 * letter waits for an operator, and is not judged so either, unless the letter is notification's, whom no order waits
 * for. What no message under way can excuse is judged always.
 */
import { CARRIER_TIMER } from "../../../modules/delivery/contract.ts";
import { RETURN_WINDOW_TIMER } from "../../../modules/order/contract.ts";
import type { CoreFacts } from "../../messages/facts-contract.ts";
import { DEFAULT_RETENTION } from "../../messages/retention.ts";
import { isTotal } from "../../money.ts";
import { judgeDelivery, waitingLetters } from "./judge-messages.ts";
import { type ModuleName, type OrderView, partsOf, type Subscriptions } from "./order-view.ts";
import type { Invariant, Violation } from "./violation.ts";

export interface Judgement {
  readonly state: "resting" | "in flight" | "parked";
  readonly violations: readonly Violation[];
}

/** How late a timer may fire before its deadline counts as missed. */
const OVERDUE_MS = 60_000;

/** Timers with which nothing is under way. */
const PATIENT: Readonly<Record<ModuleName, readonly string[]>> = {
  order: [RETURN_WINDOW_TIMER],
  payment: [],
  inventory: [],
  pricing: [],
  delivery: [CARRIER_TIMER],
  notification: [],
};

/** What is wrong with an order at `now` (ms since the epoch). */
export function judgeOrder(view: OrderView, subscriptions: Subscriptions, now: number): Judgement {
  const parts = partsOf(view);
  const isParked = parts.some(([name, part]) => name !== "notification" && waitingLetters(part).length > 0);
  const found: Violation[] = [];
  const say = (invariant: Invariant, detail: string) => found.push({ invariant, subject: `order ${view.key}`, detail });
  judgeExistence(view, parts, say);
  judgeAmounts(view, say);
  judgeBooks(view, say);
  judgeNotices(view, say);
  judgeHistory(view, say);
  judgeTimers(parts, now, say);
  judgeWait(view, now, say);
  judgePlaces(parts, say);
  const placedMs = view.order?.aggregate?.placedMs ?? now;
  const mayForget = now - placedMs > DEFAULT_RETENTION.marksKeptForMs;
  const { unhandled } = judgeDelivery(parts, subscriptions, mayForget, say);
  const isInFlight =
    unhandled ||
    parts.some(([name, { outbox, timers, calls }]) => {
      const pressing = timers.filter(({ kind }) => !PATIENT[name].includes(kind));
      return outbox.length + pressing.length + calls.length > 0;
    });
  const state = isParked ? "parked" : isInFlight ? "in flight" : "resting";
  if (state === "resting") judgeTogether(view, say);
  return { state, violations: found };
}

type OrderAggregate = NonNullable<NonNullable<OrderView["order"]>["aggregate"]>;
type Say = (invariant: Invariant, detail: string) => void;

function judgeExistence(view: OrderView, parts: readonly (readonly [ModuleName, CoreFacts])[], say: Say) {
  const order = view.order?.aggregate;
  if (order) {
    // What sold it and what put it to rest came from these: no message under way excuses that they are gone.
    const isKept = order.outcome === "sold" || order.outcome === "shipped";
    if (isKept && !view.payment?.aggregate) say("money", `it is ${order.status}, and there is no payment`);
    if (isKept && order.rests && !view.delivery?.aggregate)
      say("once", `it is ${order.status}, and there is no shipment`);
    return;
  }
  // A coupon is held before there is an order; without one the hold is given up.
  const hold = view.pricing?.aggregate;
  const isHoldOnly = hold?.status !== "USED";
  if (hold?.status === "HELD" && !isAtWork(view.pricing))
    say("money", `a use of ${hold.code} is held for it, there is no such order, and nothing will give the use up`);
  const others = parts
    .filter(([name, { version }]) => name !== "order" && version > 0 && !(name === "pricing" && isHoldOnly))
    .map(([name]) => name);
  if (others.length > 0) say("orders", `${others.join(", ")} did something for it, and there is no such order`);
}

/** Something of the module's own will be decided on it, now or when an operator replays it. */
const isAtWork = (part: CoreFacts | undefined) =>
  part !== undefined && part.timers.length + part.calls.length + part.letters.length > 0;

function judgeAmounts({ order, payment }: OrderView, say: Say) {
  const facts = order?.aggregate;
  if (facts) {
    const { lines, subtotal, discount, shipping, tax, total } = facts;
    const ofLines = lines.reduce((sum, line) => sum + line.subtotal, 0);
    const offLines = lines.reduce((sum, line) => sum + line.discount, 0);
    if (ofLines !== subtotal || offLines !== discount)
      say("money", `its lines add up to ${ofLines} - ${offLines}, the order says ${subtotal} - ${discount}`);
    for (const line of lines)
      if (!isTotal(line.total, line.subtotal - line.discount, line.tax))
        say("money", `${line.subtotal} - ${line.discount} is not the total of ${line.total} of its line ${line.sku}`);
    const net = subtotal - discount + shipping;
    if (!isTotal(total, net, tax)) say("money", `${subtotal} - ${discount} + ${shipping} is not its total of ${total}`);
  }
  const paid = payment?.aggregate;
  if (!paid) return;
  const { amount, authorised, captured, refunded, manuallyRefunded } = paid;
  if (!(0 <= refunded && refunded <= captured && captured <= authorised && authorised <= amount))
    say(
      "money",
      `0 ≤ refunded ${refunded} ≤ captured ${captured} ≤ authorised ${authorised} ≤ ${amount} does not hold`,
    );
  if (!(0 <= manuallyRefunded && manuallyRefunded <= refunded))
    say("money", `${manuallyRefunded} of ${refunded} refunded went back manually`);
}

/** Nothing under way excuses a second charge. */
function judgeBooks({ payment }: OrderView, say: Say) {
  const charges = payment?.aggregate?.charges;
  if (charges && charges.length > 1)
    say("money", `the provider has ${charges.length} effective charges: ${charges.map(({ key }) => key).join(", ")}`);
}

function judgeNotices({ notification }: OrderView, say: Say) {
  const seen = new Set<string>();
  for (const { kind, channel } of notification?.aggregate?.notices ?? []) {
    const name = `${kind} by ${channel}`;
    if (seen.has(name)) say("once", `it was told ${name} twice`);
    seen.add(name);
  }
}

function judgeHistory({ order }: OrderView, say: Say) {
  const facts = order?.aggregate;
  if (!facts) return;
  const { length, entries, lastSequence, lastStatus } = facts.history;
  if (entries !== length || lastSequence !== length)
    say("orders", `its history has ${entries} entries up to number ${lastSequence}, the order counts ${length}`);
  else if (lastStatus !== facts.status)
    say("orders", `its history ends in ${lastStatus}, the order in ${facts.status}`);
}

function judgeTimers(parts: readonly (readonly [ModuleName, CoreFacts])[], now: number, say: Say) {
  for (const [name, { timers }] of parts)
    for (const { kind, dueMs } of timers)
      if (now - dueMs > OVERDUE_MS)
        say("orders", `the timer ${kind} of ${name} is ${Math.round((now - dueMs) / 1000)} s late`);
}

/** An order has the timer of its wait and no other. One that is due may have been put back, and is about to be handled. */
function judgeWait({ order }: OrderView, now: number, say: Say) {
  if (!order?.aggregate) return;
  const { status, waits } = order.aggregate;
  if (waits === undefined) return;
  const isParked = order.letters.some(({ source }) => source === `timer:${waits}`);
  if (waits !== null && !isParked && !order.timers.some(({ kind }) => kind === waits))
    say("orders", `it is ${status}, and the timer ${waits} that it waits with is gone`);
  for (const { kind, dueMs } of order.timers)
    if (kind !== waits && dueMs > now)
      say("orders", `it is ${status}, and waits no more for the timer ${kind} that runs`);
}

/** What stands in a shard that is not its key's is under way for ever. */
function judgePlaces(parts: readonly (readonly [ModuleName, CoreFacts])[], say: Say) {
  for (const [name, { outbox, timers, calls }] of parts) {
    for (const { topic, sequence, misplaced } of outbox)
      if (misplaced) say("agreement", `number ${sequence} of ${topic} stands in a shard of ${name} where nobody looks`);
    for (const { kind, misplaced } of [...timers, ...calls])
      if (misplaced) say("agreement", `${kind} stands in a shard of ${name} where nobody looks`);
  }
}

/** What must be so once nothing is under way any more. */
function judgeTogether(view: OrderView, say: Say) {
  const order = view.order?.aggregate;
  if (!order) return;
  if (order.outcome === "open") return;
  judgePayment(order, view, say);
  judgeReservation(order, view, say);
  judgeShipment(order, view, say);
  judgeCoupon(order, view, say);
  const { aggregate, letters } = view.notification ?? { aggregate: null, letters: [] };
  if ((aggregate?.notices ?? []).length === 0 && letters.length === 0)
    say("once", `it is ${order.status}, and nobody was told`);
}

function judgePayment(order: OrderAggregate, view: OrderView, say: Say) {
  const payment = view.payment?.aggregate;
  if (!payment) return;
  const isKept = order.outcome === "sold" || order.outcome === "shipped";
  // What operators gave back while the sale stood; of what was undone everything is to be back in any case.
  const wanted = isKept ? order.total - payment.manuallyRefunded : 0;
  const kept = payment.captured > 0 ? payment.captured - payment.refunded : payment.authorised;
  const isUncaptured = order.outcome === "shipped" && payment.captured !== order.total;
  const isWrong = !order.settledByHand && (kept !== wanted || isUncaptured);
  // Of an order that was undone the payment may never have been asked for.
  const isAnother = payment.currency !== order.currency || payment.amount !== order.total;
  const isNone = order.outcome === "undone" && payment.amount === 0;
  if ((isAnother && !isNone) || isWrong)
    say(
      "money",
      `it is ${order.status} over ${order.total} ${order.currency}, its payment ${payment.status} over ${kept} of ${payment.amount} ${payment.currency}`,
    );
  if (payment.working) say("money", "its payment is at work, and no call or timer is open");
  if (payment.charges === null || order.settledByHand) return;
  const charged = payment.charges.reduce((sum, { amount }) => sum + amount, 0);
  if (charged !== wanted || payment.charges.some(({ currency }) => currency !== order.currency))
    say("money", `it is ${order.status} with ${wanted} of ${order.total} kept, the provider's books say ${charged}`);
}

function sumBySku(lines: readonly { readonly sku: string; readonly quantity: number }[]): string {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([sku, quantity]) => `${quantity} ${sku}`)
    .join(", ");
}

/** In which status a reservation and a shipment may stand beside an order, once nothing is under way. */
const STANDING: Readonly<
  Record<Exclude<OrderAggregate["outcome"], "open">, { reservation: readonly string[]; shipment: readonly string[] }>
> = {
  sold: { reservation: ["FIRM"], shipment: ["SCHEDULED"] },
  shipped: { reservation: ["SHIPPED"], shipment: ["DISPATCHED", "IN_TRANSIT", "FAILED"] },
  returned: { reservation: ["RETURNED"], shipment: ["DELIVERED", "RETURNED"] },
  undone: { reservation: ["RELEASED", "REFUSED"], shipment: ["CANCELLED"] },
};

/** How a parcel stands whose order says more than that it has left. */
const PARCELS: Readonly<Record<string, readonly string[]>> = {
  DELIVERED: ["DELIVERED"],
  COMPLETED: ["DELIVERED"],
  RETURNING: ["RETURNING"],
};

function judgeReservation({ outcome, status, lines }: OrderAggregate, view: OrderView, say: Say) {
  if (outcome === "open") return;
  const reservation = view.inventory?.aggregate;
  if (!reservation) {
    if (outcome !== "undone") say("stock", `it is ${status}, its reservation is missing`);
    return;
  }
  if (!STANDING[outcome].reservation.includes(reservation.status))
    say("stock", `it is ${status}, its reservation ${reservation.status}`);
  else if (outcome !== "undone" && sumBySku(reservation.allocations) !== sumBySku(lines))
    say("stock", `it is for ${sumBySku(lines)}, its reservation for ${sumBySku(reservation.allocations)}`);
}

function judgeShipment({ outcome, status, rests, lines }: OrderAggregate, view: OrderView, say: Say) {
  const shipment = view.delivery?.aggregate;
  if (!shipment || outcome === "open") return;
  if (rests && shipment.awaitsHandOver)
    say("orders", `it is ${status} and does not know that its parcel is to be dispatched: dispatch it once more`);
  const legal = (outcome === "shipped" && PARCELS[status]) || STANDING[outcome].shipment;
  if (!legal.includes(shipment.status))
    say("once", `it is ${status}, and there is a shipment that is ${shipment.status}`);
  else if (outcome !== "undone" && sumBySku(shipment.lines) !== sumBySku(lines))
    say("once", `it is for ${sumBySku(lines)}, its shipment for ${sumBySku(shipment.lines)}`);
}

function judgeCoupon({ outcome, status, couponCode }: OrderAggregate, view: OrderView, say: Say) {
  if (outcome === "open") return;
  const hold = view.pricing?.aggregate;
  if (couponCode === null) {
    if (hold && hold.status !== "RELEASED")
      say("money", `it has no coupon, and a use of ${hold.code} is ${hold.status}`);
    return;
  }
  const wanted = outcome === "undone" ? "RELEASED" : "USED";
  if (hold?.status !== wanted || (hold.code !== couponCode && hold.code !== null))
    say("money", `it is ${status} with ${couponCode}, whose use is ${hold?.status ?? "missing"}`);
}
