/**
 * A month of the platform in seconds: what it remembers beside its business records is a matter of days, not of how
 * long it has run. Each day has some orders and a message that nobody can handle, which an operator discards.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { orderEvents } from "../../modules/order/contract.ts";
import { registry } from "../../modules/registry.ts";
import { topicOf } from "../../runtime/messages/contract.ts";
import { type CalmPlatform, startCalmPlatform } from "./calm-platform.ts";

setDefaultTimeout(60_000);

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const DAYS = 32;
/** Shorter than the platform's, so that a month shows what it does. */
const MARKS_KEPT_DAYS = 10;
const RETENTION = { idempotencyKeptForMs: DAY, marksKeptForMs: MARKS_KEPT_DAYS * DAY, everyMs: 60 * SECOND };
/** Three orders and two discards. */
const KEYS_A_DAY = 5;
const MARKS_A_DAY = 1;
/** From placement to the end, with all that may be late. */
const LIFE_DAYS = 10;
/** By this day nothing happens to the first orders any more. */
const RESTED = 14;
/** The database answers no delete of the retention on these days. */
const OUTAGE = { from: 20, to: 23 };

const PATH = "/orders";
const SHOPPERS = [
  ["alice", "tok_visa", "alice@example.com"],
  ["bob", "tok_visa", undefined],
  ["carol", "tok_declined", "carol@example.com"],
] as const;

interface Placed {
  readonly day: number;
  readonly customer: string;
  readonly key: string;
  readonly body: object;
  /** The first answer. */
  readonly order: Readonly<Record<string, unknown>>;
}

/** Rows of each kind that stand over all modules at the end of a day. */
interface Standing {
  readonly keys: number;
  readonly marks: number;
  readonly timers: number;
  readonly outbox: number;
  readonly intents: number;
  readonly letters: number;
}

let platform: CalmPlatform;
let day = 0;
const placed: Placed[] = [];
const evenings: Standing[] = [];
/** The keys of the timers that stand, by evening. */
const timersOf: ReadonlySet<string>[] = [];
const whenRested: Awaited<ReturnType<typeof orderAndHistory>>[] = [];
const early = () => placed.filter((each) => each.day < RESTED - LIFE_DAYS);
const MODULES = registry.map(({ name }) => name);
const union = (what: string) => MODULES.map((name) => what.replaceAll("$", name)).join(" union all ");
const countOf = (table: string) => `(select count(*) from (${union(`select 1 from "$".${table}`)}) x)`;

async function standing(): Promise<Standing> {
  const [row] = await platform.rows(
    `select ${countOf("idempotency")} as keys, ${countOf("inbox_mark")} as marks, ${countOf("timer")} as timers,
      ${countOf("outbox")} as outbox, ${countOf("call_intent")} as intents, ${countOf("dead_letter")} as letters`,
  );
  const of = (name: string) => Number(row?.[name]);
  return {
    keys: of("keys"),
    marks: of("marks"),
    timers: of("timers"),
    outbox: of("outbox"),
    intents: of("intents"),
    letters: of("letters"),
  };
}

const basket = (token: string, email: string | undefined) => ({
  currency: "USD",
  items: [{ sku: "SKU-001", quantity: 1 }],
  shippingAddress: { name: "A Shopper", line1: "1 Main Street", city: "Seattle", postalCode: "98101", country: "US" },
  paymentMethod: { token },
  ...(email === undefined ? {} : { email }),
});

const place = (customer: string, key: string, body: object) => platform.ask(customer, "POST", PATH, body, key);

async function placeOrders() {
  for (const [customer, token, email] of SHOPPERS) {
    const key = `${customer}-${day}`;
    const body = basket(token, email);
    const { status, body: order } = await place(customer, key, body);
    expect(status).toBe(201);
    placed.push({ day, customer, key, body, order });
  }
}

/** Two messages of a key that no order has, the first against the contract. */
async function receiveNonsense() {
  const key = `0${String(day).padStart(7, "0")}-0000-7000-8000-000000000000`;
  for (const sequence of [1, 2])
    await platform.publish({
      topic: topicOf(orderEvents).name,
      key,
      sequence,
      type: "OrderConfirmed",
      producer: "order",
      timeMs: platform.now(),
      causationId: "nobody",
      correlationId: "nobody",
      data: "{}",
    });
}

/** An operator discards what is parked, the last one first, so that markers stand until the first one goes. */
async function discardLetters() {
  const { body } = await platform.ask(null, "GET", "/ops/deadletters");
  const items = body["items"] as readonly { readonly id: string }[];
  expect(items).toHaveLength(2);
  const states: unknown[] = [];
  for (const { id } of [...items].reverse()) {
    const path = `/ops/deadletters/${encodeURIComponent(id)}/discard`;
    const answer = await platform.ask(null, "POST", path, { reason: "nobody's message" }, `discard-${id}`);
    states.push(answer.body["state"]);
  }
  expect(states).toEqual(["discarded", "gone"]);
}

/** Sent again when its horizon is nearly over, a request is answered with the order that it placed. */
async function repeatThisMorning() {
  for (const { customer, key, body, order } of placed.slice(-1)) {
    const again = await place(customer, key, body);
    expect([again.status, again.body["id"]]).toEqual([201, order["id"]]);
  }
}

const orderAndHistory = async ({ customer, order }: Placed) => {
  const path = `${PATH}/${order["id"]}`;
  const [now, history] = [
    await platform.ask(customer, "GET", path),
    await platform.ask(customer, "GET", `${path}/history`),
  ];
  return { order: now.body, history: history.body["items"] };
};

async function liveADay() {
  const endsMs = platform.now() + DAY;
  await placeOrders();
  await receiveNonsense();
  await platform.advance(30 * SECOND);
  await discardLetters();
  await platform.pass(endsMs - platform.now() - HOUR / 2);
  await repeatThisMorning();
  await platform.pass(endsMs - platform.now());
  evenings.push(await standing());
  timersOf.push(new Set((await platform.rows(union('select key from "$".timer'))).map(({ key }) => String(key))));
  day++;
}

beforeAll(async () => {
  platform = await startCalmPlatform({
    retention: RETENTION,
    deadlines: { carrierStepMs: HOUR, returnWindowMs: 3 * DAY },
    refuses: (_module, { text }) =>
      day >= OUTAGE.from && day < OUTAGE.to && /^delete from (idempotency|inbox_mark)/.test(text),
  });
  while (day < RESTED) await liveADay();
  for (const each of early()) whenRested.push(await orderAndHistory(each));
  while (day < DAYS) await liveADay();
}, 120_000);
afterAll(() => platform?.stop());

test("what stands in the evening is a share of the horizons, and no more after weeks than after days", () => {
  for (const [index, { keys, marks, outbox, intents, letters }] of evenings.entries()) {
    expect({ index, outbox, intents, letters }).toEqual({ index, outbox: 0, intents: 0, letters: 0 });
    if (index >= OUTAGE.from && index < OUTAGE.to) continue;
    // What is a day and an hour old goes before it is two.
    expect(keys).toBeLessThanOrEqual(2 * KEYS_A_DAY);
    expect(marks).toBeLessThanOrEqual((MARKS_KEPT_DAYS + 1) * MARKS_A_DAY);
  }
  const most = (from: number) => (name: keyof Standing) =>
    Math.max(...evenings.slice(from, from + 7).map((evening) => evening[name]));
  const [early, late] = [most(MARKS_KEPT_DAYS + 2), most(DAYS - 7)];
  for (const name of ["keys", "marks", "timers"] as const) expect(late(name)).toBeLessThanOrEqual(early(name));
  expect(late("keys")).toBeGreaterThanOrEqual(KEYS_A_DAY);
  expect(late("marks")).toBeGreaterThanOrEqual(MARKS_KEPT_DAYS * MARKS_A_DAY);
});

test("timers that stand are those of orders that are on their way", () => {
  for (const [index, keys] of timersOf.entries()) {
    const young = new Set(placed.filter((each) => each.day > index - LIFE_DAYS).map(({ order }) => order["id"]));
    expect([index, [...keys].filter((key) => !young.has(key))]).toEqual([index, []]);
  }
});

test("a database that answers no delete for days is made up for as soon as it does", () => {
  const [last, next] = [evenings[OUTAGE.to - 1], evenings[OUTAGE.to]];
  expect(last?.keys).toBeGreaterThan(2 * KEYS_A_DAY);
  expect(last?.marks).toBeGreaterThan((MARKS_KEPT_DAYS + 1) * MARKS_A_DAY);
  expect(next?.keys).toBeLessThanOrEqual(2 * KEYS_A_DAY);
  expect(next?.marks).toBeLessThanOrEqual((MARKS_KEPT_DAYS + 1) * MARKS_A_DAY);
  const told = platform.logged.filter((line) => line.includes("upkeep.failed"));
  // Once by each module, however long it lasts.
  expect(told).toHaveLength(MODULES.length);
});

test("business records stay, each as it came to rest", async () => {
  for (const [index, each] of early().entries()) {
    const now = await orderAndHistory(each);
    expect([now]).toEqual(whenRested.slice(index, index + 1));
    const { id, items, total, createdAt } = each.order;
    expect(now.order).toMatchObject({ id, items, total, createdAt });
  }
  const [row] = await platform.rows(
    `select (select count(*) from "order".orders) as orders, (select count(*) from payment.payment) as payments,
      (select count(*) from payment_simulator.charge where key like '%:auth:1') as charges, (select count(*) from inventory.reservation) as reservations,
      (select count(*) from "order".orders o where o.history_length <>
        (select count(*) from "order".history h where h.order_id = o.id)) as torn`,
  );
  const all = placed.length;
  expect(row).toEqual({ orders: all, payments: all, charges: all, reservations: all, torn: 0 });
});

test("a request whose key is forgotten is a new one", async () => {
  for (const { customer, key, body, order } of placed.slice(0, 1)) {
    const again = await place(customer, key, body);
    expect(again.status).toBe(201);
    expect(again.body["id"]).not.toBe(order["id"]);
  }
});
