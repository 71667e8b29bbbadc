/** The same request twice is one order, whatever happens in between. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as z from "zod";
import { type Answer, basketOf, type Client, problemOf } from "./client.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";

let platform: TestPlatform;
let alice: Client;

beforeAll(async () => {
  platform = await startTestPlatform();
  alice = await platform.customer("alice");
});
afterAll(() => platform.stop());

const idOf = (answer: Answer) => z.object({ id: z.uuid() }).parse(JSON.parse(answer.text)).id;
const body = JSON.stringify(basketOf("SKU-001", 1));

test("a repeated request gets the first order: status, Location and id", async () => {
  const key = crypto.randomUUID();
  const before = await alice.stock("SKU-001");
  const first = await alice.post(body, { key });
  expect(first.status).toBe(201);
  expect(first.headers.get("location")).toBe(`/api/v1/orders/${idOf(first)}`);
  await alice.until(idOf(first), "FULFILLING");
  const second = await alice.post(body, { key });
  expect([second.status, second.headers.get("location"), idOf(second)]).toEqual([
    201,
    first.headers.get("location"),
    idOf(first),
  ]);
  expect((await alice.stock("SKU-001")).reserved).toBe(before.reserved + 1);
});

test("another body under the same key is 422, and changes nothing", async () => {
  const key = crypto.randomUUID();
  const first = await alice.post(body, { key });
  await alice.until(idOf(first), "FULFILLING");
  const before = await alice.stock("SKU-001");
  const answer = await alice.post(JSON.stringify(basketOf("SKU-001", 2)), { key });
  expect(answer.status).toBe(422);
  expect(problemOf(answer).type).toBe("/problems/idempotency-key-reused");
  expect(await alice.stock("SKU-001")).toEqual(before);
});

test("twenty twins at once are one order", async () => {
  const key = crypto.randomUUID();
  const before = await alice.stock("SKU-002");
  const twin = JSON.stringify(basketOf("SKU-002", 1));
  const answers = await Promise.all(Array.from({ length: 20 }, () => alice.post(twin, { key, wait: 10 })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  const ids = new Set(answers.map(idOf));
  expect(ids.size).toBe(1);
  for (const id of ids) await alice.until(id, "FULFILLING");
  expect((await alice.stock("SKU-002")).reserved).toBe(before.reserved + 1);
});

test("another caller's key of the same name is another key", async () => {
  const key = crypto.randomUUID();
  const bob = await platform.customer("bob");
  const [hers, his] = await Promise.all([alice.post(body, { key }), bob.post(body, { key })]);
  expect([hers.status, his.status]).toEqual([201, 201]);
  expect(idOf(hers)).not.toBe(idOf(his));
  expect((await bob.order(idOf(his))).customerId).toBe("bob");
});

test("a refused request leaves its key free", async () => {
  const key = crypto.randomUUID();
  const refused = await alice.post(JSON.stringify(basketOf("SKU-999", 1)), { key });
  expect(refused.status).toBe(422);
  expect((await alice.post(body, { key })).status).toBe(201);
});
