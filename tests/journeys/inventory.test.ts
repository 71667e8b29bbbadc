/** What operators do with the stock, and what its ledger tells of it. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { type Answer, basketOf, type Client, createClient, eventually, problemOf } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { product, write } from "./pricing-requests.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const movementSchema = z.object({
  id: z.uuid(),
  sku: z.string(),
  warehouse: z.string(),
  type: z.string(),
  onHandDelta: z.int(),
  reservedDelta: z.int(),
  at: z.iso.datetime(),
  orderId: z.uuid().optional(),
  reason: z.string().optional(),
});
type Movement = z.infer<typeof movementSchema>;
const page = z.object({ items: z.array(movementSchema), nextCursor: z.string().nullable() });
const reconciliation = z.object({ violations: z.array(z.object({ subject: z.string(), detail: z.string() })) });

let platform: TestPlatform;
let alice: Client;
let operator: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  operator = await platform.as("operator", "olga");
});

const adjust = (sku: string, body: unknown, { key, by = operator }: { key?: string; by?: Client } = {}) =>
  by.ask(`inventory/${sku}/adjustments`, body, key);
const setPolicy = (sku: string, backorder: boolean, lowStockThreshold = 10, by = operator) =>
  by.send({
    method: "PUT",
    path: `/api/v1/inventory/${sku}/policy`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ backorder, lowStockThreshold }),
  });
const addProduct = (sku: string) => write(operator, "PUT", `products/${sku}`, product());
const pageOf = async (sku: string, query = "") => {
  const answer = await operator.send({ method: "GET", path: `/api/v1/inventory/${sku}/movements${query}` });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return page.parse(JSON.parse(answer.text));
};

async function movements(sku: string, limit: number): Promise<Movement[]> {
  const all: Movement[] = [];
  for (let query = `?limit=${limit}`; ; ) {
    const { items, nextCursor } = await pageOf(sku, query);
    expect(items.length).toBeLessThanOrEqual(limit);
    all.push(...items);
    if (nextCursor === null) return all;
    query = `?limit=${limit}&cursor=${nextCursor}`;
  }
}

const made = (answer: Answer): Movement => {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return movementSchema.parse(JSON.parse(answer.text));
};
const sum = (all: readonly Movement[], figure: "onHandDelta" | "reservedDelta") =>
  all.reduce((total, movement) => total + movement[figure], 0);

/** No book of another module, and no movement, contradicts the stock of the SKU. */
async function expectAgreement(sku: string) {
  const answer = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
  const { violations } = reconciliation.parse(JSON.parse(answer.text));
  expect(violations.filter(({ subject }) => subject.includes(sku))).toEqual([]);
  const { onHand, reserved } = await alice.stock(sku);
  const all = await movements(sku, 100);
  expect([sum(all, "onHandDelta"), sum(all, "reservedDelta")]).toEqual([onHand, reserved]);
}

describe("adjustments", () => {
  test("are for operators who may, before anything of the body is read", async () => {
    const reader = await tokenOf(platform.dataDir, "operator", "otto", ["inventory:read"]);
    for (const [by, status] of [
      [platform.guest(), 401],
      [alice, 403],
      [createClient(platform.process.url, reader), 403],
    ] as const) {
      for (const answer of [
        await adjust("SKU-013", { delta: "many" }, { by }),
        await setPolicy("SKU-013", true, -1, by),
      ])
        expect([answer.status, problemOf(answer).status]).toEqual([status, status]);
    }
    const ledger = await alice.send({ method: "GET", path: "/api/v1/inventory/SKU-013/movements" });
    expect(ledger.status).toBe(403);
    expect((await platform.guest().stock("SKU-013")).available).toBeGreaterThan(0);
  });

  test("move units in and out of the default warehouse, once for a key", async () => {
    const before = await alice.stock("SKU-013");
    const key = crypto.randomUUID();
    const body = { delta: 20, reason: "delivery of the supplier" };
    const movement = made(await adjust("SKU-013", body, { key }));
    expect(movement).toMatchObject({
      sku: "SKU-013",
      warehouse: "main",
      type: "ADJUST",
      onHandDelta: 20,
      reservedDelta: 0,
    });
    expect(movement.reason).toBe(body.reason);
    expect(made(await adjust("SKU-013", body, { key }))).toEqual(movement);
    const reused = await adjust("SKU-013", { ...body, delta: 21, warehouse: "elsewhere" }, { key });
    expect([reused.status, problemOf(reused).type]).toEqual([422, "/problems/idempotency-key-reused"]);
    made(await adjust("SKU-013", { delta: -5, reason: "broken" }));
    const after = await alice.stock("SKU-013");
    expect(after.warehouses).toEqual([
      { warehouse: "main", onHand: before.onHand + 15, reserved: 0, available: before.onHand + 15 },
    ]);
    expect([after.onHand, after.available]).toEqual([before.onHand + 15, before.available + 15]);
    await expectAgreement("SKU-013");
  });

  test("never go below zero, nor below what orders hold", async () => {
    const order = await alice.place(basketOf("SKU-013", 3), { wait: 10 });
    await alice.until(order.id, "FULFILLING");
    const { onHand, available } = await alice.stock("SKU-013");
    expect(onHand - available).toBe(3);
    for (const delta of [-onHand - 1, -onHand, -available - 1]) {
      const answer = await adjust("SKU-013", { delta, reason: "too many" });
      expect([answer.status, problemOf(answer).type]).toEqual([409, "/problems/stock-limit"]);
    }
    const nowhere = await adjust("SKU-013", { delta: -1, warehouse: "nowhere", reason: "not there" });
    expect(nowhere.status).toBe(409);
    made(await adjust("SKU-013", { delta: -available, reason: "all that is free" }));
    expect(await alice.stock("SKU-013")).toMatchObject({ onHand: 3, reserved: 3, available: 0 });
    made(await adjust("SKU-013", { delta: available, reason: "found again" }));
    await expectAgreement("SKU-013");
  });

  test("are the first units of a product that is new in the catalogue", async () => {
    expect((await addProduct("NEW-HERE")).status).toBe(201);
    expect((await adjust("NEW-HERE", { delta: -1, reason: "?" })).status).toBe(404);
    const key = "the-first-units";
    const movement = made(await adjust("NEW-HERE", { delta: 2, reason: "the first" }, { key }));
    expect(made(await adjust("NEW-HERE", { delta: 2, reason: "the first" }, { key }))).toEqual(movement);
    const order = await alice.place(basketOf("NEW-HERE", 2), { wait: 10 });
    await alice.until(order.id, "FULFILLING");
    expect(await alice.stock("NEW-HERE")).toMatchObject({ onHand: 2, reserved: 2, available: 0 });
    await expectAgreement("NEW-HERE");
  });

  test("of what does not exist are 404, and a bad one names its field", async () => {
    for (const delta of [5, -5]) expect((await adjust("NO-SUCH", { delta, reason: "?" })).status).toBe(404);
    const unknown = await operator.send({ method: "GET", path: "/api/v1/inventory/NO-SUCH/movements" });
    expect(unknown.status).toBe(404);
    for (const [body, field] of [
      [{ delta: 0, reason: "nothing" }, "body.delta"],
      [{ delta: 1.5, reason: "half" }, "body.delta"],
      [{ delta: 3_000_000_000, reason: "more than there is" }, "body.delta"],
      [{ delta: 1 }, "body.reason"],
      [{ delta: 1, reason: " " }, "body.reason"],
      [{ delta: 1, reason: "r", warehouse: "a b" }, "body.warehouse"],
      [{ delta: 1, reason: "r", force: true }, "body.force"],
    ] as const) {
      const answer = await adjust("SKU-013", body);
      expect([answer.status, problemOf(answer).errors?.map((each) => each.field)]).toEqual([400, [field]]);
    }
  });
});

test("the ledger begins with the initial stock, goes on with orders, and comes in pages that add up", async () => {
  const order = await alice.place(basketOf("SKU-014", 2, "tok_declined"), { wait: 10 });
  await alice.until(order.id, "REJECTED");
  await eventually(
    () => alice.stock("SKU-014"),
    ({ reserved }) => reserved === 0,
  );
  made(await adjust("SKU-014", { delta: 1, reason: "found" }));
  const all = await movements("SKU-014", 2);
  expect(all.map(({ type, orderId }) => [type, orderId])).toEqual([
    ["INITIAL", undefined],
    ["RESERVE", order.id],
    ["RELEASE", order.id],
    ["ADJUST", undefined],
  ]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(4);
  expect(await movements("SKU-014", 100)).toEqual(all);
  await expectAgreement("SKU-014");
  for (const query of [
    "?limit=0",
    "?limit=101",
    "?cursor=what",
    `?cursor=${Buffer.from('["x"]').toString("base64url")}`,
  ]) {
    const answer = await operator.send({ method: "GET", path: `/api/v1/inventory/SKU-014/movements${query}` });
    expect([answer.status, problemOf(answer).status]).toEqual([400, 400]);
  }
});

test("an order takes from the fullest warehouse first, then from the next", async () => {
  const { onHand } = await alice.stock("SKU-015");
  made(await adjust("SKU-015", { delta: onHand + 10, warehouse: "north", reason: "a second warehouse" }));
  const order = await alice.place(basketOf("SKU-015", onHand + 12), { wait: 10 });
  await alice.until(order.id, "FULFILLING");
  const { warehouses, available } = await alice.stock("SKU-015");
  expect(warehouses.map(({ warehouse, reserved }) => [warehouse, reserved])).toEqual([
    ["main", 2],
    ["north", onHand + 10],
  ]);
  expect(available).toBe(onHand - 2);
  await expectAgreement("SKU-015");
});

test("on backorder more can be sold than there is, until it is booked in", async () => {
  expect(JSON.parse((await setPolicy("SKU-017", true)).text)).toEqual({ backorder: true, lowStockThreshold: 10 });
  const { onHand } = await alice.stock("SKU-017");
  const order = await alice.place(basketOf("SKU-017", onHand + 7), { wait: 10 });
  await alice.until(order.id, "FULFILLING");
  expect(await alice.stock("SKU-017")).toMatchObject({ onHand, reserved: onHand + 7, available: -7 });
  await expectAgreement("SKU-017");

  const tooEarly = await setPolicy("SKU-017", false);
  expect([tooEarly.status, problemOf(tooEarly).type]).toEqual([409, "/problems/stock-limit"]);
  expect(problemOf(tooEarly).detail).toContain("7 units");
  made(await adjust("SKU-017", { delta: 7, reason: "they are here" }));
  expect((await setPolicy("SKU-017", false)).status).toBe(200);
  const refused = await alice.place(basketOf("SKU-017", 1), { wait: 10 });
  expect(await alice.until(refused.id, "REJECTED")).toMatchObject({ reason: "out_of_stock" });
  await expectAgreement("SKU-017");
});

test("a SKU is opened with its policy, and low stock is told once until it has recovered", async () => {
  const sku = `NEW-${crypto.randomUUID()}`;
  // A mistyped SKU would be a stock for good.
  expect(problemOf(await setPolicy(sku, false, 5)).type).toBe("/problems/not-found");
  expect((await addProduct(sku)).status).toBe(201);
  const opened = await setPolicy(sku, false, 5);
  expect([opened.status, JSON.parse(opened.text)]).toEqual([201, { backorder: false, lowStockThreshold: 5 }]);
  expect(await alice.stock(sku)).toEqual({
    sku,
    onHand: 0,
    reserved: 0,
    available: 0,
    warehouses: [{ warehouse: "main", onHand: 0, reserved: 0, available: 0 }],
  });
  const told = async () => {
    const [row] = await platform.sql(`select max(low_stock_events) as told from inventory.stock where sku = '${sku}'`);
    return Number(row?.["told"]);
  };
  const counts: number[] = [];
  for (const delta of [6, -2, -1, 2, -1]) {
    made(await adjust(sku, { delta, reason: "counted" }));
    counts.push(await told());
  }
  expect(counts).toEqual([0, 1, 1, 1, 2]);
  expect((await setPolicy(sku, false, 4)).status).toBe(200);
  expect((await setPolicy(sku, false, 9)).status).toBe(200);
  expect(await told()).toBe(3);
  const policy = await operator.send({ method: "GET", path: `/api/v1/inventory/${sku}/policy` });
  expect(JSON.parse(policy.text)).toEqual({ backorder: false, lowStockThreshold: 9 });
  const waiting = () => platform.sql(`select key from inventory.outbox where key = '${sku}'`);
  expect(await eventually(waiting, (rows) => rows.length === 0)).toEqual([]);
});
