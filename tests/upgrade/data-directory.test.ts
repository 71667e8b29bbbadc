/**
 * A data directory that the release before has written, and that was left by kill -9 with orders in every state, is
 * opened by this one: all of them go on to their ends, and what was promised or handed out before still holds.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { reconciliationSchema } from "../../runtime/edge/reconcile-route.ts";
import { schemasOf } from "../../runtime/platform.ts";
import { type Buyers, startBuyers } from "../faults/buyers.ts";
import { quickViolations, SETTLED_MS } from "../faults/judgement.ts";
import { FAULTS_ENVIRONMENT, makeDataPlace, startAgain, withEmbeddedSql } from "../faults/single-arena.ts";
import { basket, basketOf, type Client, createClient, eventually, type Order } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type PlatformProcess, runCommand, startProcess } from "../journeys/process.ts";
import { waitUntilDrained } from "../load/drain.ts";
import { previousProgram, previousRelease } from "./previous.ts";

setDefaultTimeout(120_000);

const SKU = "SKU-015";
const COUPON = "WELCOME10";
const LOAD_MS = 2_500;
/** So long that what is asked under the release before has no answer when it is killed. */
const UNANSWERED = { ...FAULTS_ENVIRONMENT, PAYMENT_ANSWER_TIMEOUT_MS: "30000" };
const paged = z.object({ items: z.array(z.looseObject({ id: z.string() })), nextCursor: z.string().nullable() });

let place = "";
let dataDir = "";
let running: PlatformProcess | undefined;
let buyers: Buyers;
let tokens: { readonly alice: string; readonly carol: string; readonly olga: string };

/** What the release before has left, and what it said. */
interface Left {
  readonly confirmed: Order;
  readonly delivered: Order;
  readonly cancelled: Order;
  readonly asking: Order;
  readonly acting: Order;
  readonly page: string;
  readonly away: Order;
  readonly unwilling: Order;
  readonly parked: Order;
  readonly quote: { readonly id: string; readonly total: unknown };
  readonly cursor: string;
  /** What it answered to these paths. */
  readonly answers: ReadonlyMap<string, string>;
}
let left: Left;
let appliedBefore: unknown;
const orders = () => [
  left.confirmed,
  left.delivered,
  left.cancelled,
  left.asking,
  left.acting,
  left.away,
  left.unwilling,
  left.parked,
];
/** Nothing more happens to an order here by itself: parcels move when an operator says so. */
const ENDS = "'FULFILLING', 'DELIVERED', 'CANCELLED', 'REJECTED'";
const KEY = "placed-before-the-upgrade";

const clientOf = (token: string): Client => createClient(running?.url ?? "", token);
const alice = () => clientOf(tokens.alice);
const olga = () => clientOf(tokens.olga);
const get = async (client: Client, path: string) => {
  const { status, text } = await client.send({ method: "GET", path });
  expect([path, status, text]).toEqual([path, 200, expect.any(String)]);
  return text;
};

async function tokenBefore(role: string, sub: string): Promise<string> {
  const args = ["token", "--role", role, "--sub", sub, "--data", dataDir];
  const { code, stdout } = await runCommand(args, {}, await previousProgram());
  expect(code).toBe(0);
  return stdout.trim().split("\n").at(-1) ?? "";
}

/** The migrations that each schema has. */
async function applied() {
  const found = schemasOf(registry).map(async ({ name }) => {
    const rows = await withEmbeddedSql(dataDir, (sql) =>
      sql.unsafe<{ id: string }[]>(`select id from "${name}".schema_migration order by id`),
    );
    return [name, rows.map(({ id }) => id)];
  });
  return Object.fromEntries(await Promise.all(found));
}
const sorted = (migrations: readonly { readonly id: string }[]) => migrations.map(({ id }) => id).sort();

async function holdOf({ id }: Order): Promise<unknown> {
  const held = (sql: Sql) => sql.unsafe("select status from pricing.coupon_hold where order_id = $1", [id]);
  const [hold] = await withEmbeddedSql(dataDir, held);
  return hold?.["status"];
}

async function stepOf(order: Order, step: "dispatch" | "deliver"): Promise<void> {
  const [delivery] = await alice().deliveries(order.id);
  expect((await olga().ask(`deliveries/${delivery?.id}/${step}`)).status).toBeLessThan(300);
}

async function leave(): Promise<Left> {
  const place = (token = "tok_visa") => alice().place(basketOf(SKU, 1, token));
  const settled = (order: Order) => alice().until(order.id, "FULFILLING");
  const [confirmed, delivered, cancelled, unwilling] = [
    await alice().place(basketOf(SKU, 2), { key: KEY }),
    await place(),
    await place(),
    await place("tok_capture_refused"),
  ];
  for (const order of [confirmed, delivered, cancelled, unwilling]) await settled(order);
  await stepOf(delivered, "dispatch");
  await alice().until(delivered.id, "SHIPPED");
  await stepOf(delivered, "deliver");
  await alice().until(delivered.id, "DELIVERED");
  await alice().ask(`orders/${cancelled.id}/cancel`);
  await alice().until(cancelled.id, "CANCELLED");
  await stepOf(unwilling, "dispatch");
  await alice().until(unwilling.id, "NEEDS_ATTENTION");

  // A shipment that the database refuses: its message is parked.
  const refuse = "alter table delivery.shipment add constraint planted check (customer_id <> 'carol')";
  await withEmbeddedSql(dataDir, (sql) => sql.unsafe(refuse));
  const parked = await clientOf(tokens.carol).place(basketOf(SKU, 1));
  await eventually(
    () => withEmbeddedSql(dataDir, (sql) => sql.unsafe("select key from delivery.dead_letter")),
    (rows) => rows.length > 0,
  );

  const acting = await alice().place({ ...basketOf(SKU, 1, "tok_requires_action"), couponCode: COUPON });
  const [payment] = await eventually(
    () => alice().payments(acting.id),
    ([each]) => each?.nextAction !== undefined,
  );
  const away = await place("tok_provider_down");
  const asked = await alice().ask("pricing/quotes", {
    currency: "USD",
    items: basket().items,
    shippingAddress: basket().shippingAddress,
  });
  expect([asked.status, asked.text]).toEqual([201, expect.any(String)]);
  const quote = z.looseObject({ id: z.string(), total: z.unknown() }).parse(JSON.parse(asked.text));
  const { nextCursor } = paged.parse(JSON.parse(await get(alice(), "/api/v1/orders?limit=2")));
  const told = [confirmed, delivered, cancelled, acting].flatMap(({ id }) => [
    `/api/v1/orders/${id}`,
    `/api/v1/orders/${id}/history`,
    `/api/v1/payments?orderId=${id}`,
    `/api/v1/deliveries?orderId=${id}`,
    `/api/v1/notifications?orderId=${id}`,
  ]);
  const answers = new Map<string, string>();
  for (const path of told) answers.set(path, await get(alice(), path));
  // Last, so that the provider has not been asked about it yet.
  const asking = await place("tok_timeout_charged");
  return {
    confirmed,
    delivered,
    cancelled,
    asking,
    acting,
    page: new URL(payment?.nextAction?.url ?? "").pathname,
    away,
    unwilling,
    parked,
    quote,
    cursor: nextCursor ?? "",
    answers,
  };
}

beforeAll(async () => {
  place = await makeDataPlace();
  dataDir = join(place, "data");
  running = await startProcess(["dev", "--no-watch", "--data", dataDir], UNANSWERED, await previousProgram());
  tokens = {
    alice: await tokenBefore("customer", "alice"),
    carol: await tokenBefore("customer", "carol"),
    olga: await tokenBefore("operator", "olga"),
  };
  left = await leave();
  buyers = await startBuyers({
    seed: 1,
    buyers: 8,
    pauseMs: 60,
    skus: Array.from({ length: 10 }, (_, index) => `SKU-${String(index + 1).padStart(3, "0")}`),
    urls: () => (running === undefined ? [] : [running.url]),
    tokenFor: (customer) => tokenOf(dataDir, "customer", customer),
  });
  await Bun.sleep(LOAD_MS);
  appliedBefore = await applied();
  expect((await alice().order(left.asking.id)).status).toBe("RESERVED");
  const killed = running;
  running = undefined;
  await killed.kill("group");
  // Orders under way are asked for again and again all the while, by the keys that the release before has seen.
  running = await startAgain(() =>
    startProcess(
      ["dev", "--no-watch", "--data", dataDir],
      // On the same port, as a user would.
      { ...FAULTS_ENVIRONMENT, PORT: String(killed.port) },
    ),
  );
});
afterAll(async () => {
  await running?.stop();
  await rm(place, { recursive: true, force: true });
});

test("it was of the release before, and has been migrated", async () => {
  const { migrations } = previousRelease();
  expect(appliedBefore).toEqual(
    Object.fromEntries(Object.entries(migrations).map(([name, all]) => [name, sorted(all)])),
  );
  expect(await applied()).toEqual(
    Object.fromEntries(schemasOf(registry).map(({ name, migrations: all }) => [name, sorted(all)])),
  );
});

test("what was answered before is answered the same", async () => {
  for (const [path, text] of left.answers)
    expect([path, JSON.parse(await get(alice(), path))]).toEqual([path, JSON.parse(text)]);
});

test("idempotency keys, quotes and cursors of before are good", async () => {
  const again = await alice().post(JSON.stringify(basketOf(SKU, 2)), { key: KEY });
  expect([again.status, JSON.parse(again.text).id]).toEqual([201, left.confirmed.id]);
  expect((await alice().post(JSON.stringify(basketOf(SKU, 3)), { key: KEY })).status).toBe(422);
  const quoted = await alice().place({ ...basket(), quoteId: left.quote.id });
  expect(quoted.total).toEqual(expect.objectContaining(left.quote.total ?? {}));
  const next = paged.parse(JSON.parse(await get(alice(), `/api/v1/orders?limit=2&cursor=${left.cursor}`)));
  expect(next.items).toHaveLength(2);
});

test("a payment without an answer is asked for: one charge, confirmed", async () => {
  await alice().until(left.asking.id, "FULFILLING", 30_000);
  const [payment] = await alice().payments(left.asking.id);
  expect(payment).toMatchObject({ status: "AUTHORISED" });
});

test("the customer acts on the page that was shown before; the coupon that was held is used", async () => {
  expect(await holdOf(left.acting)).toBe("HELD");
  const guest = createClient(running?.url ?? "", null);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await guest.send({ method: "POST", path: `${left.page}/complete`, headers })).status).toBe(303);
  const acted = await alice().until(left.acting.id, "FULFILLING", 30_000);
  expect(acted.discount.amount).toBeGreaterThan(0);
  const used = await eventually(
    () => holdOf(left.acting),
    (status) => status === "USED",
  );
  expect(used).toBe("USED");
});

test("a timer of before is undone with its order", async () => {
  expect((await alice().ask(`orders/${left.away.id}/cancel`)).status).toBe(202);
  await alice().until(left.away.id, "CANCELLED", 30_000);
});

test("a parcel of before is handed over and delivered; one whose payment was refused is given up", async () => {
  await stepOf(left.confirmed, "dispatch");
  await alice().until(left.confirmed.id, "SHIPPED");
  await stepOf(left.confirmed, "deliver");
  await alice().until(left.confirmed.id, "DELIVERED");
  expect((await olga().ask(`orders/${left.unwilling.id}/cancel`)).status).toBe(202);
  await alice().until(left.unwilling.id, "CANCELLED", 30_000);
});

test("a letter that was parked before is replayed, once its cause is mended", async () => {
  await withEmbeddedSql(dataDir, (sql) => sql.unsafe("alter table delivery.shipment drop constraint planted"));
  const letters = paged.parse(JSON.parse(await get(olga(), "/api/v1/ops/deadletters")));
  expect(letters.items).toHaveLength(1);
  const args = ["deadletters", "replay", String(letters.items[0]?.id), "--url", running?.url ?? "", "--data", dataDir];
  const { code, stdout, stderr } = await runCommand(args);
  expect([code, stdout + stderr]).toEqual([0, expect.any(String)]);
  await clientOf(tokens.carol).until(left.parked.id, "FULFILLING", 30_000);
});

test("everything that was under way at the kill has ended right, and nothing is left", async () => {
  await buyers.confirm(30_000);
  await buyers.stop();
  expect(buyers.complaints).toEqual([]);
  // Some met the kill, and have asked again since.
  expect(buyers.counts.unanswered + buyers.counts.unavailable).toBeGreaterThan(0);
  const acknowledged = buyers.placed.flatMap((each) => [...each.acknowledged]);
  expect(acknowledged.length).toBeGreaterThan(50);
  await withEmbeddedSql(dataDir, async (sql) => {
    await waitUntilDrained(sql, SETTLED_MS);
    expect(await quickViolations(sql, [...acknowledged, ...orders().map(({ id }) => id)])).toEqual([]);
    const open = await sql.unsafe(`select id, status from "order".orders where status <> all(array[${ENDS}])`);
    expect([...open]).toEqual([]);
  });
  const books = reconciliationSchema.parse(JSON.parse(await get(olga(), "/api/v1/ops/reconcile")));
  expect([books.ok, books.violations, books.checked.inFlight, books.checked.parked]).toEqual([true, [], 0, 0]);
});
