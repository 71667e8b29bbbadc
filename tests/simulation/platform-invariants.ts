/**
 * What must hold when everything has ended, whatever failed on the way, and what must hold at any moment: invariants of
 * the domain, seen in the tables of all modules and in the provider's own books.
 */
import { type Stage, statusOf, transitions } from "../../modules/order/order.ts";
import { type Contents, type Letter, letterInWords } from "./platform-contents.ts";
import type { Placed } from "./platform-shoppers.ts";
import { hasLeft, isEffective, standingViolations } from "./platform-standing.ts";

const ENDED: readonly string[] = ["FULFILLING", "SHIPPED", "COMPLETED", "RETURNED", "CANCELLED", "REJECTED", "EXPIRED"];

/** Its capture has failed: an operator has to say what becomes of it. */
const STOPPED: readonly (string | null)[] = ["capture_refused", "authorisation_expired"];

/** Whether an order needs nothing more, or somebody outside. */
export const hasEnded = ({ status, attention }: Pick<Order, "status" | "attention">) =>
  ENDED.includes(status) || STOPPED.includes(attention);

/**
 * Orders that an operator has to do with. Nothing that no moment may show is excused for them, nor a number that waits
 * nowhere, nor work that is under way; but they may rest where a handler or the operator has left them.
 */
export interface Excused {
  /** A message of theirs, a timer or an outcome was, or may have been, discarded. */
  readonly discarded: ReadonlySet<string>;
  /** Whether the letter may still stand: its handler throws as long as this is so. */
  readonly mayStand: (letter: Letter) => boolean;
}

/** No order had a bad message. */
export const NOBODY: Excused = { discarded: new Set(), mayStand: () => false };

/** Whether an order must have ended like any other, though others were parked. */
export function isExcused({ deadLetters }: Contents, { discarded, mayStand }: Excused) {
  const held = new Set(deadLetters.filter(mayStand).map(({ key }) => key));
  return (id: string) => held.has(id) || discarded.has(id);
}

/** What is still under way, or null. */
export function openWork(contents: Contents, excused: Excused = NOBODY): string | null {
  const { orders, outbox, intents, timers } = contents;
  const rests = isExcused(contents, excused);
  const open = orders.find((order) => !hasEnded(order) && !rests(order.id));
  if (open !== undefined) return `order ${open.id} in ${open.status}`;
  if (outbox[0] !== undefined) return `${outbox.length} messages in an outbox (${outbox[0]})`;
  if (intents[0] !== undefined) return `${intents.length} calls (${intents[0]})`;
  if (timers[0] !== undefined) return `${timers.length} timers (${timers[0].name})`;
  return null;
}

/** How many orders ended how. */
export function statusCounts({ orders }: Contents): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, reason } of orders) {
    const name = reason === null ? status : `${status} ${reason}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

type Order = Contents["orders"][number];

/** Every violation, one sentence each. */
export function violationsIn(contents: Contents, placed: readonly Placed[], excused: Excused = NOBODY): string[] {
  const work = openWork(contents, excused);
  const rests = isExcused(contents, excused);
  const ownOf = byOrder(contents);
  return [
    ...letters(contents, excused),
    ...(work === null ? [] : [`left undone: ${work}`]),
    ...acknowledgements(contents, placed),
    ...contents.orders.flatMap((order) => {
      if (rests(order.id)) return [];
      const own = ownOf(order.id);
      return [...historyOf(order, own), ...standingViolations(order, own, placed)];
    }),
    ...stock(contents),
    ...couponUses(contents),
    ...ledger(contents),
    ...unevenPositions(contents),
  ];
}

/** What belongs to one order. Looking through everything for each of many orders would take the square of them. */
function byOrder(contents: Contents): (id: string) => Contents {
  const grouped = <T>(rows: readonly T[], idOf: (row: T) => string) => {
    const groups = Map.groupBy(rows, idOf);
    return (id: string) => groups.get(id) ?? [];
  };
  const keyed = <T extends { readonly key: string }>(rows: readonly T[]) => grouped(rows, ({ key }) => key);
  const history = keyed(contents.history);
  const charges = grouped(contents.charges, ({ key }) => key.split(":", 1)[0] ?? "");
  const payments = keyed(contents.payments);
  const reservations = keyed(contents.reservations);
  const shipments = keyed(contents.shipments);
  const coupons = keyed(contents.coupons);
  const notices = keyed(contents.notices);
  const mails = grouped(contents.mails, (messageId) => /[0-9a-f-]{36}/.exec(messageId)?.[0] ?? "");
  return (id) => ({
    ...contents,
    history: history(id),
    charges: charges(id),
    payments: payments(id),
    reservations: reservations(id),
    shipments: shipments(id),
    coupons: coupons(id),
    notices: notices(id),
    mails: mails(id),
  });
}

/**
 * What no moment may show, seen in one snapshot of all tables: each of these is kept by a single commit, or by the order
 * in which commits follow from each other.
 */
export function violationsAtAnyTime(contents: Contents, placed: readonly Placed[]): string[] {
  return [
    ...acknowledgements(contents, placed),
    ...contents.orders.flatMap((order) => [...historyOf(order, contents), ...chargesOf(order, contents)]),
    ...stock(contents),
    ...couponUses(contents),
    ...marksAhead(contents),
  ];
}

/** Never two effective charges; one for what is sold, none for what the payment says is undone. */
function chargesOf(order: Order, { charges, payments }: Contents): string[] {
  const effective = charges.filter((charge) => charge.key.startsWith(`${order.id}:`) && isEffective(charge));
  const payment = payments.find(({ key }) => key === order.id);
  const [charge] = effective;
  if (effective.length > 1) return [`order ${order.id} has ${effective.length} effective charges at once`];
  const isPaid = order.stage === "CONFIRMED" || order.stage === "FULFILLING" || hasLeft(order);
  // What was promised to go back may have gone already, in the provider's books.
  const givenBack = (payment?.manuallyRefunded ?? 0) + (payment?.refunding ?? 0);
  if (isPaid && order.total > givenBack && charge === undefined)
    return [`order ${order.id} is ${order.status} and not charged`];
  if (hasLeft(order) && order.total > givenBack && charge?.captured !== order.total)
    return [`the parcel of order ${order.id} has left, and ${charge?.captured} of ${order.total} were captured`];
  const wanted = hasLeft(order) ? statusAfter(payment?.manuallyRefunded ?? 0, order.total) : "AUTHORISED";
  if (isPaid && payment?.status !== wanted)
    return [`order ${order.id} is ${order.status}, its payment ${payment?.status ?? "missing"}`];
  if (charge !== undefined && payment?.work === "none" && !HOLDS_MONEY.includes(payment.status))
    return [`the payment of order ${order.id} is ${payment.status} and needs nothing more, but it was charged`];
  return [];
}

/** Of a captured payment of which so much went back. */
function statusAfter(manuallyRefunded: number, total: number): string {
  if (manuallyRefunded === 0) return "CAPTURED";
  return manuallyRefunded === total ? "REFUNDED" : "PARTIALLY_REFUNDED";
}

const HOLDS_MONEY: readonly string[] = ["AUTHORISED", "CAPTURED", "PARTIALLY_REFUNDED"];

/** No consumer has handled a number that its producer has not given. */
function marksAhead({ producers, consumers }: Contents): string[] {
  const given = new Map(producers.map(({ topic, key, sequence }) => [`${topic} of ${key}`, sequence]));
  return consumers.flatMap(({ topic, key, sequence }) =>
    sequence > (given.get(`${topic} of ${key}`) ?? 0)
      ? [`${topic} of ${key}: the mark is ${sequence}, and ${given.get(`${topic} of ${key}`) ?? 0} were sent`]
      : [],
  );
}

function acknowledgements({ orders, requests }: Contents, placed: readonly Placed[]): string[] {
  const found: string[] = [];
  const byId = new Map(orders.map((order) => [order.id, order]));
  const byScope = new Map(requests.map(({ scope, reference }) => [scope, reference]));
  for (const { scope, customer, baskets, acknowledged } of placed) {
    const reference = byScope.get(scope);
    for (const id of acknowledged)
      if (id !== reference) found.push(`order ${id} was acknowledged, and its key leads to ${reference}`);
    if (acknowledged.size === 0 && reference === undefined) continue;
    const order = byId.get(reference ?? "");
    if (order === undefined) found.push(`the key of an acknowledged order leads to ${reference}, which does not exist`);
    else if (order.customer !== customer || !baskets.some((basket) => isOrderOf(basket, order)))
      found.push(`order ${order.id} is not what its customer asked for`);
  }
  const scopes = new Set(placed.map(({ scope }) => scope));
  const references = new Set(requests.flatMap(({ scope, reference }) => (scopes.has(scope) ? [reference] : [])));
  for (const { id } of orders) if (!references.has(id)) found.push(`order ${id} belongs to no idempotency key`);
  return found;
}

const isOrderOf = (basket: Placed["baskets"][number], { token, coupon, email, items }: Order) =>
  basket.token === token &&
  (basket.coupon ?? null) === coupon &&
  basket.email === email &&
  basket.items.length === items.length &&
  basket.items.every(({ sku, quantity }, line) => items[line]?.sku === sku && items[line]?.quantity === quantity);

/** By status: those that its history may go on with. What needs attention may begin and end in any that is not over. */
const mayFollow: ReadonlyMap<string, ReadonlySet<string>> = (() => {
  const shown = (stage: string) => statusOf({ stage: stage as Stage, attention: null });
  const follows = new Map<string, Set<string>>();
  const add = (before: string, after: string) => follows.set(before, (follows.get(before) ?? new Set()).add(after));
  for (const [stage, next] of Object.entries(transitions)) {
    for (const each of next) add(shown(stage), shown(each));
    add(shown(stage), "NEEDS_ATTENTION");
    add("NEEDS_ATTENTION", shown(stage));
  }
  return follows;
})();

function historyOf(order: Order, { history }: Contents): string[] {
  const entries = history.filter(({ key }) => key === order.id);
  const found: string[] = [];
  if (entries.length !== order.historyLength || entries.some(({ sequence }, index) => sequence !== index + 1))
    found.push(`the history of order ${order.id} has holes`);
  let status = "PENDING";
  for (const [index, entry] of entries.entries()) {
    // A state of the history alone, between RESERVED and CONFIRMED.
    if (entry.status === "AUTHORISED" && status === "RESERVED") continue;
    if (entry.status === status) continue;
    if (!mayFollow.get(status)?.has(entry.status) || index === 0) {
      found.push(`the history of order ${order.id} goes from ${status} to ${entry.status}`);
      break;
    }
    status = entry.status;
  }
  if (status !== order.status)
    found.push(`the history of order ${order.id} ends in ${status}, the order in ${order.status}`);
  return found;
}

function stock({ stock: stocks, movements, reservations }: Contents): string[] {
  const allocated = (...statuses: string[]) =>
    reservations.flatMap(({ status, allocations }) => (statuses.includes(status) ? allocations : []));
  const held = allocated("HELD", "FIRM");
  const shipped = allocated("SHIPPED");
  return stocks.flatMap(({ sku, warehouse, onHand, reserved, backorder }) => {
    const here = (row: { readonly sku: string; readonly warehouse: string }) =>
      row.sku === sku && row.warehouse === warehouse;
    const found: string[] = [];
    const name = `${sku} in ${warehouse}`;
    const unitsOf = (some: typeof held) => some.filter(here).reduce((sum, { quantity }) => sum + quantity, 0);
    const units = unitsOf(held);
    const left = unitsOf(shipped);
    if (reserved !== units) found.push(`${name}: ${reserved} reserved, but orders hold ${units}`);
    if (reserved < 0 || (reserved > onHand && !backorder)) found.push(`${name} is oversold: ${reserved} of ${onHand}`);
    const sums = movements.find(here);
    if (sums?.onHand !== onHand || sums.reserved !== reserved)
      found.push(
        `${name}: ${onHand} on hand and ${reserved} reserved, but its movements give ${sums?.onHand} and ${sums?.reserved}`,
      );
    if (sums !== undefined && sums.brought - left !== onHand)
      found.push(`${name}: ${onHand} on hand, but ${sums.brought} came in and ${left} have left with parcels`);
    return found;
  });
}

/** As the simulation has made them (platform.ts). */
const LIMITS: Readonly<Record<string, { readonly all: number; readonly each: number }>> = {
  LAST2: { all: 2, each: 1 },
};

/** Every use that is counted is held or used, and the other way round. */
function couponUses({ coupons, couponUses: counts }: Contents): string[] {
  const taken = coupons.filter(({ status }) => status !== "RELEASED");
  return counts.flatMap(({ code, customer, uses }) => {
    const most = LIMITS[code]?.[customer === "" ? "all" : "each"] ?? Number.POSITIVE_INFINITY;
    if (uses > most) return [`${uses} uses of ${code} by "${customer}", of which there are ${most}`];
    const own = taken.filter((hold) => hold.code === code && (customer === "" || hold.customer === customer)).length;
    return own === uses ? [] : [`${uses} uses of ${code} are counted for "${customer}", and ${own} are held or used`];
  });
}

/** Nothing in the books of others belongs to an order that does not exist. */
function ledger({ orders, charges, payments, reservations, shipments, notices }: Contents): string[] {
  const ids = new Set(orders.map(({ id }) => id));
  const strangers = [
    ...charges.map(({ key }) => key.split(":", 1)[0] ?? ""),
    ...[payments, reservations, shipments, notices].flat().map(({ key }) => key),
  ].filter((id) => !ids.has(id));
  return strangers.map((id) => `something was done for order ${id}, which does not exist`);
}

/** Who listens to which topic. */
const CONSUMERS: Readonly<Record<string, string>> = {
  "genai-demo.inventory.commands.v1": "inventory",
  "genai-demo.payment.commands.v1": "payment",
  "genai-demo.pricing.commands.v1": "pricing",
  "genai-demo.delivery.commands.v1": "delivery",
  "genai-demo.inventory.events.v1": "order",
  "genai-demo.payment.events.v1": "order",
  "genai-demo.pricing.events.v1": "order",
  "genai-demo.delivery.events.v1": "order",
  "genai-demo.order.events.v1": "notification",
};

/** By what is parked: the letters of one topic or source of one key, in order. */
const queuesOf = ({ deadLetters }: Contents) =>
  Map.groupBy(deadLetters, ({ module, key, source }) => `${module} ${source} of ${key}`);

/** What waits for an operator: each queue because its first letter's handler still throws. */
function letters(contents: Contents, { mayStand }: Excused): string[] {
  return [...queuesOf(contents).values()].flatMap((queue) => {
    const [first, ...others] = queue;
    if (first === undefined || !mayStand(first))
      return queue.map((letter) => `a dead letter: ${letterInWords(letter)}`);
    return first.reason === "behind"
      ? [`a dead letter that is parked behind none: ${letterInWords(first)}`]
      : others.flatMap((letter) =>
          letter.reason === "behind" ? [] : [`a dead letter that was tried out of turn: ${letterInWords(letter)}`],
        );
  });
}

/**
 * Each consumer has handled each (topic, key) without gap or repeat: its mark is the producer's last number, or the
 * letters of the key are the numbers from the mark on.
 */
export function unevenPositions(contents: Contents): string[] {
  const { producers, consumers } = contents;
  const name = (topic: string, key: string) => `${topic} of ${key}`;
  const marks = new Map<string, (typeof consumers)[number]>();
  for (const mark of consumers) {
    const before = marks.get(name(mark.topic, mark.key));
    // A mark beside the row may be older than the row's own.
    if (before === undefined || before.sequence < mark.sequence) marks.set(name(mark.topic, mark.key), mark);
  }
  const queues = queuesOf(contents);
  const found: string[] = [];
  for (const { topic, key, sequence } of producers) {
    const mark = marks.get(name(topic, key));
    marks.delete(name(topic, key));
    const module = CONSUMERS[topic];
    const handled = mark?.sequence ?? 0;
    const parked = queues.get(`${module} ${name(topic, key)}`) ?? [];
    if (parked.some((letter, index) => letter.sequence !== handled + 1 + index))
      found.push(`${topic} of ${key}: handled up to ${handled}, and parked: ${parked.map((each) => each.sequence)}`);
    if ((mark !== undefined && mark.module !== module) || handled + parked.length !== sequence)
      found.push(`${topic} of ${key}: ${sequence} were sent, the mark is ${mark?.sequence ?? "missing"}`);
  }
  // A message may be parked before there is a row: then the mark is written though it is 0.
  const strangers = [...marks.values()].filter(({ sequence }) => sequence > 0);
  return [...found, ...strangers.map(({ topic, key }) => `${topic} of ${key}: a mark for what nobody sent`)];
}
