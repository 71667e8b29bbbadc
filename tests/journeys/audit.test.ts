/** The audit log: what each write of an operator leaves there, and what leaves nothing. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { type Answer, basketOf, type Client, createClient, type Order } from "./client.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const SKU = "SKU-016";
const OPERATOR = "audrey";
/** None of what is typed may stand in the log. */
const TYPED = "typed by hand";
const TRACE = "0af7651916cd43dd8448eb211c80319c";

const entrySchema = z.strictObject({
  id: z.uuid(),
  module: z.string(),
  at: z.iso.datetime(),
  subject: z.string(),
  issuer: z.string(),
  action: z.string(),
  objects: z.record(z.string(), z.string()),
  key: z.string().optional(),
  outcome: z.enum(["done", "begun"]),
  traceId: z.string().optional(),
  idempotencyScope: z.uuid().optional(),
});
const pageSchema = z.strictObject({ items: z.array(entrySchema), nextCursor: z.string().nullable() });

let platform: TestPlatform;
let operator: Client;
let alice: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  operator = await platform.as("operator", OPERATOR);
  alice = await platform.customer("alice");
});

async function page(query: Readonly<Record<string, string>>, client = operator) {
  const answer = await client.send({ method: "GET", path: `/api/v1/ops/audit?${new URLSearchParams(query)}` });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return pageSchema.parse(JSON.parse(answer.text));
}
const entries = async (query: Readonly<Record<string, string>> = {}) =>
  (await page({ subject: OPERATOR, ...query })).items;

const write = (method: "POST" | "PUT", path: string, body: unknown, key?: string, client = operator) =>
  client.send({
    method,
    path,
    headers: {
      "content-type": "application/json",
      traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify(body),
  });

/** Every write that an operator may ask for, in an order in which each has an effect. `path` is as the log names it. */
interface Write {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly module: string;
  /** What the entry is found by; undefined: whatever the effect was named. */
  readonly key?: string;
  readonly objects?: Readonly<Record<string, string>>;
}

/** By others: customers, providers, whoever follows a link. `dead-letters.test.ts` tells of letters. */
const NOT_HERE = [
  "POST /api/v1/orders",
  "POST /api/v1/pricing/quotes",
  "POST /api/v1/payments/webhooks/{provider}",
  "POST /api/v1/payments/simulator/{key}/complete",
  "POST /api/v1/payments/simulator/{key}/fail",
  "POST /api/v1/deliveries/webhooks/{carrier}",
  "POST /api/v1/ops/deadletters/replay",
  "POST /api/v1/ops/deadletters/{id}/replay",
  "POST /api/v1/ops/deadletters/{id}/discard",
];
/** Refused in this journey: no order needs attention. */
const RESOLVE = "POST /api/v1/orders/{id}/resolve";

const newSku = `AUDIT-${crypto.randomUUID().slice(0, 8)}`;
const product = { name: TYPED, prices: [{ amount: 100, currency: "USD" }], taxClass: "standard", weightGrams: 1 };
const address = {
  name: TYPED,
  line1: TYPED,
  city: TYPED,
  region: "WA",
  postalCode: "98102",
  country: "US",
};

async function writes(order: Order, cancelled: Order): Promise<readonly Write[]> {
  const [payment] = await alice.payments(order.id);
  const [delivery] = await alice.deliveries(order.id);
  if (!payment || !delivery) throw new Error(`order ${order.id} has no payment or no delivery`);
  const ofDelivery = { module: "delivery", params: { id: delivery.id }, key: order.id };
  const ofCatalogue = { module: "pricing" };
  return [
    {
      method: "PUT",
      path: "/api/v1/pricing/products/{sku}",
      params: { sku: newSku },
      body: product,
      ...ofCatalogue,
      key: newSku,
    },
    {
      method: "POST",
      path: "/api/v1/pricing/coupons",
      body: { code: newSku, kind: "free_shipping" },
      ...ofCatalogue,
      key: newSku,
    },
    {
      method: "POST",
      path: "/api/v1/pricing/promotions",
      body: { name: TYPED, kind: "percentage", value: 1, skus: [newSku], enabled: true },
      ...ofCatalogue,
    },
    {
      method: "PUT",
      path: "/api/v1/pricing/tax-rates/{country}",
      params: { country: "IS" },
      body: { country: "IS", inclusive: true, rates: { standard: 1, reduced: 1, zero: 0 } },
      ...ofCatalogue,
      key: "IS",
    },
    {
      method: "PUT",
      path: "/api/v1/pricing/shipping-rates/{country}",
      params: { country: "IS" },
      body: { country: "IS", currency: "USD", bands: [{ upToGrams: null, amount: 1 }] },
      ...ofCatalogue,
      key: "IS",
      objects: { country: "IS", currency: "USD" },
    },
    // A stock is opened, then changed: two commits, one entry.
    {
      method: "POST",
      path: "/api/v1/inventory/{sku}/adjustments",
      params: { sku: newSku },
      body: { delta: 1, reason: TYPED },
      module: "inventory",
      key: newSku,
    },
    {
      method: "PUT",
      path: "/api/v1/inventory/{sku}/policy",
      params: { sku: newSku },
      body: { backorder: true, lowStockThreshold: 1 },
      module: "inventory",
      key: newSku,
    },
    {
      method: "PUT",
      path: "/api/v1/notifications/preferences",
      query: { customerId: "nobody" },
      body: { language: "en", phone: "+886912345678" },
      module: "notification",
      key: "nobody",
    },
    { method: "PUT", path: "/api/v1/deliveries/{id}/address", body: address, ...ofDelivery },
    { method: "POST", path: "/api/v1/deliveries/{id}/dispatch", ...ofDelivery },
    { method: "POST", path: "/api/v1/deliveries/{id}/fail", ...ofDelivery },
    { method: "POST", path: "/api/v1/deliveries/{id}/deliver", ...ofDelivery },
    {
      method: "POST",
      path: "/api/v1/payments/{id}/refunds",
      params: { id: payment.id },
      body: { amount: { amount: 1, currency: "USD" } },
      module: "payment",
      key: order.id,
    },
    {
      method: "POST",
      path: "/api/v1/orders/{id}/returns",
      params: { id: order.id },
      body: { reason: TYPED },
      module: "order",
      key: order.id,
    },
    {
      method: "POST",
      path: "/api/v1/orders/{id}/cancel",
      params: { id: cancelled.id },
      module: "order",
      key: cancelled.id,
    },
  ];
}

const nameOf = ({ method, path }: Pick<Write, "method" | "path">) => `${method} ${path}`;

function pathOf({ path, params = {}, query }: Write): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name) => params[name] ?? "");
  return query ? `${filled}?${new URLSearchParams(query)}` : filled;
}

test("each write of an operator leaves one entry that says who, what and on what, and nothing that was typed", async () => {
  const places = [1, 2].map(() => alice.place(basketOf(SKU, 1), { wait: 10 }));
  const [order, cancelled] = await Promise.all(places.map(async (each) => alice.until((await each).id, "FULFILLING")));
  if (!order || !cancelled) throw new Error("two were placed");
  const all = [...(await writes(order, cancelled))];
  const disabled: Write[] = [];
  for (const each of all) {
    if (each.path.endsWith("/fail")) await alice.until(order.id, "SHIPPED");
    if (each.path.endsWith("/returns")) await alice.until(order.id, "DELIVERED");
    const answer = await write(each.method, pathOf(each), each.body ?? {});
    expect([nameOf(each), answer.status < 300, answer.text]).toEqual([nameOf(each), true, answer.text]);
    if (!each.path.endsWith("/promotions")) continue;
    const { id } = z.object({ id: z.uuid() }).parse(JSON.parse(answer.text));
    const path = "/api/v1/pricing/promotions/{id}/disable";
    disabled.push({ method: "POST", path, params: { id }, module: "pricing", key: id });
    expect((await write("POST", path.replace("{id}", id), {})).status).toBe(200);
  }
  const made = [...all, ...disabled];
  for (const each of made) {
    const found = await entries({ action: nameOf(each) });
    expect(found.map(({ action }) => action)).toEqual([nameOf(each)]);
    expect(found[0]).toMatchObject({
      module: each.module,
      subject: OPERATOR,
      objects: each.objects ?? each.params ?? {},
      outcome: "done",
      traceId: TRACE,
      ...(each.key === undefined ? {} : { key: each.key }),
    });
  }
  const told = JSON.stringify(await entries());
  expect(told).not.toContain(TYPED);
  expect(told).not.toContain("+886912345678");
  const ofOrder = await entries({ orderId: order.id });
  expect(ofOrder.map(({ module }) => module)).toEqual(["order", "payment", ...Array(4).fill("delivery")]);

  // A write that is new in the API and not in this journey fails it.
  const document = await operator.send({ method: "GET", path: "/openapi.json" });
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(document.text));
  const known = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== "get")
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...made.map(nameOf), RESOLVE, ...NOT_HERE].sort()).toEqual(known.sort());
});

test("what is asked for again has one entry, under its key or not; what is refused, or a customer asks, has none", async () => {
  const order = await alice.place(basketOf(SKU, 1), { wait: 10 });
  const cancel = `/api/v1/orders/${order.id}/cancel`;
  const key = crypto.randomUUID();
  const answers: Answer[] = await Promise.all([1, 2, 3].map(() => write("POST", cancel, {}, key)));
  answers.push(await write("POST", cancel, {}, key));
  // Without the key it is another request, which finds the order cancelled already.
  answers.push(await write("POST", cancel, {}));
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  const [entry, ...more] = await entries({ orderId: order.id });
  expect(more).toEqual([]);
  expect(entry).toMatchObject({ action: "POST /api/v1/orders/{id}/cancel", idempotencyScope: expect.any(String) });

  const refused = await alice.place(basketOf(SKU, 1), { wait: 10 });
  const resolve = `/api/v1/orders/${refused.id}/resolve`;
  expect((await write("POST", resolve, { action: "retry", reason: TYPED })).status).toBe(409);
  expect((await write("POST", resolve, { action: "retry" })).status).toBe(400);
  expect((await write("POST", `/api/v1/orders/${refused.id}/cancel`, {}, undefined, alice)).status).toBe(202);
  expect(await entries({ orderId: refused.id })).toEqual([]);
  expect((await page({ orderId: refused.id })).items).toEqual([]);
});

test("the list goes on page by page, and is for operators with the scope", async () => {
  const whole = (await page({ subject: OPERATOR })).items;
  const paged: typeof whole = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next = await page({ subject: OPERATOR, limit: "4", ...(cursor === "" ? {} : { cursor }) });
    expect(next.items.length).toBeLessThanOrEqual(4);
    paged.push(...next.items);
    cursor = next.nextCursor;
  }
  expect(paged).toEqual(whole);
  const [newest] = whole;
  if (!newest) throw new Error("the journeys before have written");
  expect(await entries({ from: newest.at, until: new Date(Date.parse(newest.at) + 1).toISOString() })).toContainEqual(
    newest,
  );
  expect(await entries({ from: new Date(Date.parse(newest.at) + 1).toISOString() })).toEqual([]);
  const list = (client: Client) => client.send({ method: "GET", path: "/api/v1/ops/audit" });
  const narrow = createClient(
    platform.process.url,
    await tokenOf(platform.dataDir, "operator", "narrow", ["order:read"]),
  );
  expect((await list(alice)).status).toBe(403);
  expect((await list(narrow)).status).toBe(403);
  expect((await list(platform.guest())).status).toBe(401);
});
