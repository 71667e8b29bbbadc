/** Every list of the platform, as its own document names them: the same shape, the same refusals, pages without gap or repeat. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { basketOf, type Client, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { product } from "./pricing-requests.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const document = z.object({
  paths: z.record(z.string(), z.looseObject({ get: z.looseObject({ responses: z.unknown() }).optional() })),
});
const page = z.strictObject({ items: z.array(z.looseObject({})), nextCursor: z.string().nullable() });

const CUSTOMER = "lister";
const SKU = "LISTED-1";

let platform: TestPlatform;
let operator: Client;
let customer: Client;
/** Paths of all lists, ready to be asked by an operator: with what they need, and narrowed to what this journey has made. */
let lists: readonly string[];
let orderId: string;

beforeAll(async () => {
  platform = await sharedPlatform();
  operator = await platform.as("operator", "olga");
  customer = await platform.customer(CUSTOMER);
  const placed = [];
  for (let n = 0; n < 3; n++) placed.push(await customer.place(basketOf("SKU-016", 1), { wait: 10 }));
  orderId = placed[0]?.id ?? "";
  for (const { id } of placed) await customer.until(id, "FULFILLING");
  await put(`pricing/products/${SKU}`, product());
  await put(`inventory/${SKU}/policy`, { backorder: false, lowStockThreshold: 0 });
  for (const delta of [5, -2, 4])
    await made(await operator.ask(`inventory/${SKU}/adjustments`, { delta, reason: "listed" }));
  for (const name of ["one", "two"])
    await made(await operator.ask("pricing/promotions", { name, kind: "percentage", value: 1, enabled: false }));
  const needed: Readonly<Record<string, string>> = {
    "/api/v1/orders": `?customerId=${CUSTOMER}`,
    "/api/v1/payments": `?orderId=${orderId}`,
    "/api/v1/deliveries": `?orderId=${orderId}`,
    "/api/v1/notifications": `?orderId=${orderId}`,
    "/api/v1/ops/sagas": "?stuck=true",
  };
  const answer = await platform.guest().send({ method: "GET", path: "/openapi.json" });
  const found = Object.entries(document.parse(JSON.parse(answer.text)).paths).filter(([, { get }]) =>
    JSON.stringify(get?.responses ?? null).includes('"nextCursor"'),
  );
  lists = found.map(([path]) => {
    const filled = path.replace("/orders/{id}", `/orders/${orderId}`).replace("{sku}", SKU);
    if (filled.includes("{")) throw new Error(`say in this journey what ${path} is to be asked for`);
    return filled + (needed[path] ?? "");
  });
});

const put = async (path: string, body: unknown) =>
  made(
    await operator.send({
      method: "PUT",
      path: `/api/v1/${path}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
function made({ status, text }: { status: number; text: string }) {
  if (status >= 300) throw new Error(`${status} ${text}`);
}

const get = (path: string, client = operator) => client.send({ method: "GET", path });
const and = (path: string, more: string) => `${path}${path.includes("?") ? "&" : "?"}${more}`;

async function pageOf(path: string) {
  const { status, text } = await get(path);
  expect([path, status, text]).toEqual([path, 200, expect.any(String)]);
  return page.parse(JSON.parse(text));
}
/** What names an item of whichever list, also when its other fields move on. */
const nameOf = ({
  id,
  sku,
  code,
  country,
  currency,
  sequence,
  module,
  kind,
  name,
}: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ id, sku, code, country, currency, sequence, module, kind, name });

test("there are lists in every module and of the operators'", () => {
  expect(lists.map((path) => path.split("?")[0]).sort()).toEqual(
    [
      "/api/v1/deliveries",
      `/api/v1/inventory/${SKU}/movements`,
      "/api/v1/notifications",
      "/api/v1/ops/audit",
      "/api/v1/ops/deadletters",
      "/api/v1/ops/outbox",
      "/api/v1/ops/sagas",
      "/api/v1/orders",
      `/api/v1/orders/${orderId}/history`,
      "/api/v1/payments",
      "/api/v1/pricing/coupons",
      "/api/v1/pricing/products",
      "/api/v1/pricing/promotions",
      "/api/v1/pricing/shipping-rates",
      "/api/v1/pricing/tax-rates",
    ].sort(),
  );
});

test.each([
  "limit=0",
  "limit=-1",
  "limit=101",
  "limit=abc",
  "limit=",
  "limit=1.5",
  "cursor=garbage",
  "cursor=",
  "nope=1",
])("no list takes %s", async (bad) => {
  const [name] = bad.split("=");
  for (const path of lists) {
    const answer = await get(and(path, bad));
    expect([path, answer.status, problemOf(answer).errors?.[0]?.field]).toEqual([path, 400, `query.${name}`]);
  }
});

test("one item a page, each list comes whole and in the same order", async () => {
  let long = 0;
  for (const path of lists) {
    const whole: string[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const found: z.infer<typeof page> = await pageOf(and(path, `limit=100${next && `&cursor=${next}`}`));
      whole.push(...found.items.map(nameOf));
      next = found.nextCursor;
    }
    // What waits in the outboxes is gone a moment later.
    if (path.endsWith("/outbox")) continue;
    const single: string[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const found: z.infer<typeof page> = await pageOf(and(path, `limit=1${next && `&cursor=${next}`}`));
      expect([path, found.items.length <= 1]).toEqual([path, true]);
      single.push(...found.items.map(nameOf));
      next = found.nextCursor;
    }
    expect([path, single]).toEqual([path, whole]);
    expect([path, new Set(whole).size]).toEqual([path, whole.length]);
    if (whole.length > 1) long++;
  }
  expect(long).toBeGreaterThanOrEqual(8);
});

test("a cursor is of one list with its filters: every other one refuses it", async () => {
  const { nextCursor } = await pageOf(`/api/v1/orders?customerId=${CUSTOMER}&limit=1`);
  expect(nextCursor).toBeString();
  const others = lists.filter((path) => !path.startsWith("/api/v1/orders?"));
  for (const path of [...others, "/api/v1/orders", `/api/v1/orders?customerId=${CUSTOMER}&status=FULFILLING`]) {
    const answer = await get(and(path, `cursor=${nextCursor}`));
    expect([path, answer.status, problemOf(answer).type]).toEqual([path, 400, "/problems/invalid-cursor"]);
  }
});

test("orders by customer, status and time: a customer's own ones, an operator's all", async () => {
  const ids = async (query: string, client = operator) => {
    const answer = await get(`/api/v1/orders?${query}`, client);
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return page.parse(JSON.parse(answer.text)).items.map(({ id, createdAt }) => ({ id, at: String(createdAt) }));
  };
  const own = await ids("", customer);
  expect(own).toHaveLength(3);
  expect(own.map(({ at }) => at)).toEqual(
    own
      .map(({ at }) => at)
      .sort()
      .reverse(),
  );
  expect(await ids(`customerId=${CUSTOMER}`, customer)).toEqual(own);
  expect(await ids(`customerId=${CUSTOMER}`)).toEqual(own);
  const strange = await get(`/api/v1/orders?customerId=${CUSTOMER}`, await platform.customer("mallory"));
  expect([strange.status, problemOf(strange).detail]).toEqual([404, `There is no customer ${CUSTOMER}.`]);
  expect(await ids("", await platform.customer("nobody-yet"))).toEqual([]);
  const [newest, middle] = own;
  if (!newest || !middle) throw new Error("three orders were placed");
  expect(await ids("status=FULFILLING", customer)).toEqual(own);
  expect(await ids("status=REJECTED", customer)).toEqual([]);
  expect(await ids(`createdFrom=${middle.at}`, customer)).toEqual([newest, middle]);
  expect(await ids(`createdFrom=${middle.at}&createdUntil=${newest.at}`, customer)).toEqual([middle]);
  for (const bad of ["status=NONE", "createdFrom=today", "createdUntil=2026-13-01T00:00:00Z", "customerId="])
    expect([bad, (await get(`/api/v1/orders?${bad}`)).status]).toEqual([bad, 400]);
});
