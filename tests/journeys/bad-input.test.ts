/** Whatever is sent, the answer is a problem that names the field, and never a 5xx or a half-made order. */
import { beforeAll, expect, test } from "bun:test";
import { basket, basketOf, type Client, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
});

const line = (change: Readonly<Record<string, unknown>>) =>
  JSON.stringify(basket({ items: [{ sku: "SKU-018", quantity: 1, ...change }] }));
const order = (change: Readonly<Record<string, unknown>>) => JSON.stringify({ ...basketOf("SKU-018", 1), ...change });
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** What is wrong, the body, the status, and a field that the answer must name (null: the fault has no field). */
const FAULTS: readonly (readonly [what: string, body: string, status: number, field: string | null])[] = [
  ["an empty body", "", 400, "body"],
  ["malformed JSON", '{"currency": "USD",', 400, "body"],
  ["JSON after JSON", `${order({})} {}`, 400, "body"],
  ["a list", "[]", 400, "body"],
  ["null", "null", 400, "body"],
  ["a text", '"order"', 400, "body"],
  ["no items", order({ items: [] }), 400, "body.items"],
  ["items of a wrong type", order({ items: "SKU-018" }), 400, "body.items"],
  ["101 lines", order({ items: Array(101).fill({ sku: "SKU-018", quantity: 1 }) }), 400, "body.items"],
  ["a missing currency", order({ currency: undefined }), 400, "body.currency"],
  ["a currency of a wrong type", order({ currency: 7 }), 400, "body.currency"],
  ["a currency that is none", order({ currency: "usd" }), 400, "body.currency"],
  ["a currency without prices", order({ currency: "CHF" }), 422, "body.currency"],
  ["an unknown SKU", line({ sku: "SKU-999" }), 422, "body.items.0.sku"],
  ["a SKU with a NUL", line({ sku: "SKU\u0000" }), 400, "body.items.0.sku"],
  ["a SKU with SQL", line({ sku: "'; drop table orders; --" }), 400, "body.items.0.sku"],
  ["a SKU of 65 characters", line({ sku: "S".repeat(65) }), 400, "body.items.0.sku"],
  ["a SKU named like a property", line({ sku: "__proto__" }), 422, "body.items.0.sku"],
  ["quantity zero", line({ quantity: 0 }), 400, "body.items.0.quantity"],
  ["a negative quantity", line({ quantity: -1 }), 400, "body.items.0.quantity"],
  ["a fractional quantity", line({ quantity: 1.5 }), 400, "body.items.0.quantity"],
  ["an absurd quantity", line({ quantity: 10_000 }), 400, "body.items.0.quantity"],
  [
    "a quantity past every integer",
    order({}).replace('"quantity":1', '"quantity":1e400'),
    400,
    "body.items.0.quantity",
  ],
  ["a quantity as text", line({ quantity: "1" }), 400, "body.items.0.quantity"],
  ["an unknown field", order({ colour: "red" }), 400, "body.colour"],
  ["no address", order({ shippingAddress: undefined }), 400, "body.shippingAddress"],
  [
    "a country that is none",
    order({ shippingAddress: { ...basket().shippingAddress, country: "USA" } }),
    400,
    "body.shippingAddress.country",
  ],
  [
    "a blank name",
    order({ shippingAddress: { ...basket().shippingAddress, name: "  " } }),
    400,
    "body.shippingAddress.name",
  ],
  ["no payment method", order({ paymentMethod: undefined }), 400, "body.paymentMethod"],
  ["an e-mail that is none", order({ email: "alice" }), 400, "body.email"],
  ["a coupon that is not there", order({ couponCode: "NOPE" }), 422, "body.couponCode"],
  ["a quote that is not there", order({ quoteId: crypto.randomUUID() }), 422, "body.quoteId"],
  ["a body nested 100 000 deep", nested(100_000), 400, "body"],
  ["a field nested 5 000 deep", `{"items":${nested(5_000)}}`, 400, "body"],
  ["a body over 1 MiB", order({ email: "a".repeat(1024 * 1024) }), 413, null],
];

test.each(FAULTS)("%s", async (_what, body, status, field) => {
  const key = crypto.randomUUID();
  const before = await alice.stock("SKU-018");
  const answer = await alice.post(body, { key });
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  const { errors = [] } = problemOf(answer);
  if (field !== null) expect(errors.map((error) => error.field)).toContain(field);
  // Had an order been made, the key would be taken by another body.
  const good = await alice.place(basketOf("SKU-018", 1), { key, wait: 10 });
  await alice.until(good.id, "FULFILLING");
  expect((await alice.stock("SKU-018")).reserved).toBe(before.reserved + 1);
});

test("all faults of a body are named at once", async () => {
  const answer = await alice.post(JSON.stringify(basket({ currency: "x", items: [{ sku: "SKU-018", quantity: 0 }] })));
  const fields = problemOf(answer).errors?.map(({ field }) => field);
  expect(fields?.sort()).toEqual(["body.currency", "body.items.0.quantity"]);
});

const json = { "content-type": "application/json" };
const keyed = { ...json, "idempotency-key": "a-key" };

test.each([
  ["no content type", { "idempotency-key": "a-key", "content-type": "" }, 415, null],
  ["a wrong content type", { ...keyed, "content-type": "text/plain" }, 415, null],
  ["a form", { ...keyed, "content-type": "application/x-www-form-urlencoded" }, 415, null],
  ["no Idempotency-Key", json, 400, "header.Idempotency-Key"],
  [
    "an Idempotency-Key of 256 characters",
    { ...json, "idempotency-key": "k".repeat(256) },
    400,
    "header.Idempotency-Key",
  ],
  ["an Idempotency-Key with a blank", { ...json, "idempotency-key": "a key" }, 400, "header.Idempotency-Key"],
] as const)("%s", async (_what, headers, status, field) => {
  const body = JSON.stringify(basketOf("SKU-018", 1));
  const answer = await alice.send({ method: "POST", path: "/api/v1/orders", headers, body });
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  const { errors = [] } = problemOf(answer);
  if (field !== null) expect(errors.map((error) => error.field)).toContain(field);
});

test.each([
  ["GET", "/api/v1/nothing", 404],
  ["GET", "/api/v1/orders/", 404],
  ["GET", "/api/v1/orders/not-an-id", 400],
  ["GET", "/api/v1/orders/%00", 400],
  ["GET", "/api/v1/orders/..%2f..%2fetc", 400],
  ["GET", "/api/v1/payments", 400],
  ["GET", "/api/v1/payments?orderId=1", 400],
  ["GET", "/api/v1/payments?orderId=a&orderId=b", 400],
  ["GET", "/api/v1/inventory/SKU-999", 404],
  ["GET", "/api/v1/inventory/%27", 400],
  ["GET", "/api/v1/pricing/products?limit=0", 400],
  ["GET", "/api/v1/pricing/products?limit=x", 400],
  ["GET", "/api/v1/pricing/products?cursor=%00x", 400],
  ["GET", "/api/v1/pricing/products?colour=red", 400],
  ["GET", `/api/v1/pricing/products?cursor=${"x".repeat(5000)}`, 414],
  ["DELETE", "/api/v1/orders", 405],
  ["PUT", "/api/v1/orders/01890000-0000-7000-8000-000000000000", 405],
  ["POST", "/api/v1/pricing/products", 405],
  ["PATCH", "/openapi.json", 405],
  ["POST", "/asyncapi.json", 405],
  ["POST", "/docs", 405],
  ["POST", "/", 405],
])("%s %s is %d", async (method, path, status) => {
  const answer = await alice.send({ method, path });
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
  problemOf(answer);
  if (status === 405) expect(answer.headers.get("allow")).not.toBeNull();
});
