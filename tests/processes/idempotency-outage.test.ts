/** The same request twice is one order, also when the database dies under it or the catalogue changes in between. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  type Answer,
  basketOf,
  type Client,
  createClient,
  eventually,
  type Order,
  problemOf,
} from "../journeys/client.ts";
import { administer } from "../journeys/external-data.ts";
import { tokenOf } from "../journeys/platform.ts";
import type { PlatformProcess } from "../journeys/process.ts";
import { externalShape, type Shape } from "../journeys/shape.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";

const SKU = "SKU-016";
const ORDERS = 40;
const ROUNDS = 3;
const SETTLED_MS = 60_000;

let server: ExternalPostgres | undefined;
let shape: Shape;
let platform: PlatformProcess;
let alice: Client;

beforeAll(async () => {
  // Never a server that others use: this one is killed.
  server = await provideOrSkip("a database that dies", () => startExternalPostgres({ alwaysOwn: true }));
  if (!server) return;
  shape = await externalShape(server.url);
  platform = await shape.start();
  alice = createClient(platform.url, await tokenOf(shape.dataDir, "customer", "alice"));
});
afterAll(async () => {
  if (!server) return;
  await platform.stop();
  await shape.remove();
  await server.stop();
});

const sql = (statement: string) => administer(shape.databaseUrl(), statement);

/** SIGKILL to one of the server's processes: the server drops every connection and recovers from its log. */
async function killDatabase(): Promise<void> {
  const { stdout } = Bun.spawnSync(["pgrep", "-P", String(server?.pid)]);
  // The youngest is a connection's; the oldest are the server's own.
  const victim = Number(stdout.toString().trim().split("\n").at(-1));
  if (!Number.isInteger(victim) || victim <= 1) throw new Error("the server has no processes");
  process.kill(victim, "SIGKILL");
}

/** Sends the same request until it is placed, as a client must; every other answer tells it to come again. */
async function placeWithRetries(key: string, body: string): Promise<Answer> {
  const deadline = Date.now() + SETTLED_MS;
  for (;;) {
    const answer = await alice.post(body, { key });
    if (answer.status === 201) return answer;
    expect([answer.status, answer.text]).toEqual([503, expect.any(String)]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    problemOf(answer);
    if (Date.now() > deadline) throw new Error(`no answer but ${answer.status} in ${SETTLED_MS} ms: ${answer.text}`);
    await Bun.sleep(200);
  }
}

test("kill -9 of the database under requests: each key is one order, whether its first answer was lost or not", async () => {
  if (!server) return;
  const body = JSON.stringify(basketOf(SKU, 1));
  const before = (await alice.stock(SKU)).reserved;
  const placed = new Map<string, string>();
  for (let round = 0; round < ROUNDS; round++) {
    const keys = Array.from({ length: ORDERS }, () => crypto.randomUUID());
    const queue = [...keys];
    let killed = false;
    const buyer = async () => {
      for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
        const answer = await placeWithRetries(key, body);
        placed.set(key, JSON.parse(answer.text).id);
        if (!killed && queue.length < ORDERS / 2) {
          killed = true;
          await killDatabase();
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, buyer));
    expect(killed).toBe(true);
  }
  // The kills met batches on their way.
  expect(platform.output()).toContain("batch.unavailable");
  expect(new Set(placed.values()).size).toBe(ROUNDS * ORDERS);
  for (const [key, id] of placed) expect(JSON.parse((await placeWithRetries(key, body)).text).id).toBe(id);
  for (const id of placed.values()) await alice.until(id, "FULFILLING", SETTLED_MS);
  expect(await sql('select count(*)::integer as orders from "order".orders')).toEqual([{ orders: placed.size }]);
  const stock = await eventually(
    () => alice.stock(SKU),
    ({ reserved }) => reserved === before + placed.size,
  );
  expect(stock.reserved).toBe(before + placed.size);
}, 180_000);

test("a price that has changed, or a product that is gone, changes nothing for a repeated request", async () => {
  if (!server) return;
  const sku = "SKU-017";
  const key = crypto.randomUUID();
  const first = await alice.place(basketOf(sku, 2), { key });
  const samePrice = async (order: Order) => expect([order.id, order.total]).toEqual([first.id, first.total]);

  await sql(`update pricing.price set amount = amount + 100 where sku = '${sku}'`);
  await samePrice(await alice.place(basketOf(sku, 2), { key }));
  const dearer = await alice.place(basketOf(sku, 2));
  expect(dearer.subtotal.amount).toBe(first.subtotal.amount + 200);

  await sql(`delete from pricing.product where sku = '${sku}'`);
  await samePrice(await alice.place(basketOf(sku, 2), { key }));
  const other = await alice.post(JSON.stringify(basketOf(sku, 3)), { key });
  expect([other.status, problemOf(other).type]).toEqual([422, "/problems/idempotency-key-reused"]);
  const newOne = await alice.post(JSON.stringify(basketOf(sku, 2)));
  expect([newOne.status, problemOf(newOne).type]).toEqual([422, "/problems/not-for-sale"]);
});
