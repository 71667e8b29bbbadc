/** Two processes of the whole platform on one PostgreSQL: either may die, and the other goes on. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { basketOf, type Client, createClient, eventually } from "../journeys/client.ts";
import { openStream } from "../journeys/event-stream.ts";
import { administer } from "../journeys/external-data.ts";
import { tokenOf } from "../journeys/platform.ts";
import type { PlatformProcess } from "../journeys/process.ts";
import { externalShape, type Shape } from "../journeys/shape.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { provideOrSkip } from "../provision/missing.ts";

const EACH = 25;
const SKU = "SKU-015";

let server: ExternalPostgres | undefined;
let shape: Shape;
let replicas: PlatformProcess[];

beforeAll(async () => {
  server = await provideOrSkip("two replicas", () => startExternalPostgres());
  if (!server) return;
  shape = await externalShape(server.url);
  replicas = await Promise.all([shape.start(), shape.start()]);
});
afterAll(async () => {
  if (!server) return;
  await Promise.all(replicas.map((replica) => replica.stop()));
  await shape.remove();
  await server.stop();
});

const clientOf = async (replica: PlatformProcess | undefined): Promise<Client> =>
  createClient(replica?.url ?? "", await tokenOf(shape.dataDir, "customer", "alice"));

test("orders placed at both are fulfilled, and each replica answers for all of them", async () => {
  if (!server) return;
  const clients = await Promise.all(replicas.map(clientOf));
  const [first, second] = clients;
  if (!first || !second) throw new Error("two replicas were started");
  const before = (await first.stock(SKU)).reserved;
  const placed = await Promise.all(
    clients.flatMap((client) => Array.from({ length: EACH }, () => client.place(basketOf(SKU, 1), { wait: 20 }))),
  );
  for (const order of placed) expect(["CONFIRMED", "FULFILLING"]).toContain(order.status);
  for (const [index, { id }] of placed.entries()) {
    // The other one than took it.
    await (index < EACH ? second : first).until(id, "FULFILLING");
    expect(await first.history(id)).toHaveLength(5);
  }
  expect((await second.stock(SKU)).reserved).toBe(before + 2 * EACH);
});

test("twins at both are one order; with different bodies one of them wins, at whichever replica", async () => {
  if (!server) return;
  const clients = await Promise.all(replicas.map(clientOf));
  const [first] = clients;
  if (!first) throw new Error("two replicas were started");
  for (let round = 0; round < 5; round++) {
    const key = crypto.randomUUID();
    const before = (await first.stock(SKU)).reserved;
    const quantities = round % 2 ? [1, 2, 3] : [1];
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const quantity = quantities[(index >> 1) % quantities.length] ?? 1;
        const client = clients[index % 2] ?? first;
        return { quantity, ...(await client.post(JSON.stringify(basketOf(SKU, quantity)), { key })) };
      }),
    );
    const won = answers.filter(({ status }) => status === 201);
    const locations = new Set(won.map(({ headers }) => headers.get("location")));
    expect([locations.size, new Set(won.map(({ quantity }) => quantity)).size]).toEqual([1, 1]);
    const [quantity = 0] = won.map((each) => each.quantity);
    // Whoever sent what the winner sent has its answer; the others are told.
    expect(answers.filter((each) => each.quantity === quantity)).toHaveLength(won.length);
    for (const each of answers.filter(({ status }) => status !== 201)) expect([409, 422]).toContain(each.status);
    const [location] = locations;
    await first.until(location?.split("/").at(-1) ?? "", "FULFILLING");
    expect((await first.stock(SKU)).reserved).toBe(before + quantity);
  }
});

test("a stream at one tells what the other does, and goes on there when it is lost", async () => {
  if (!server) return;
  const [here, there] = replicas;
  const client = await clientOf(there);
  const token = await tokenOf(shape.dataDir, "customer", "alice");
  const { id } = await client.place(basketOf(SKU, 1));
  const follow = (replica: PlatformProcess | undefined, lastEventId?: number) =>
    openStream({ url: replica?.url ?? "", token, orderId: id, ...(lastEventId === undefined ? {} : { lastEventId }) });
  const first = await follow(here);
  await first.until("ShipmentScheduled");
  await first.leave();
  const second = await follow(there, first.told.length);
  expect((await client.ask(`orders/${id}/cancel`)).status).toBe(202);
  await second.ended;
  expect([...first.told, ...second.told]).toEqual(await client.history(id));
});

test("streams outlive an outage of the database, and tell all that happened before and after it once", async () => {
  if (!server) return;
  const [here, there] = replicas;
  const client = await clientOf(there);
  const token = await tokenOf(shape.dataDir, "customer", "alice");
  const follow = ({ id }: { id: string }) => openStream({ url: here?.url ?? "", token, orderId: id });
  const settled = await client.place(basketOf(SKU, 1), { wait: 20 });
  await client.until(settled.id, "FULFILLING");
  const waiting = await follow(settled);
  const underWay = await client.place(basketOf(SKU, 1));
  const running = await follow(underWay);
  const name = new URL(shape.databaseUrl()).pathname.slice(1);
  await administer(server.url, `alter database ${name} allow_connections false`);
  await administer(server.url, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  await Bun.sleep(1_500);
  await administer(server.url, `alter database ${name} allow_connections true`);
  await running.until("ShipmentScheduled");
  expect(running.told).toEqual(await client.history(underWay.id));
  expect((await client.ask(`orders/${settled.id}/cancel`)).status).toBe(202);
  await waiting.ended;
  expect(waiting.told).toEqual(await client.history(settled.id));
  await running.leave();
});

test("kill -9 of one: the other finishes its orders and takes new ones within seconds", async () => {
  if (!server) return;
  const [doomed, survivor] = replicas;
  const [dying, living] = [await clientOf(doomed), await clientOf(survivor)];
  const before = (await living.stock(SKU)).reserved;
  const orders = await Promise.all(Array.from({ length: EACH }, () => dying.place(basketOf(SKU, 1))));
  await doomed?.kill("group");
  const killedMs = performance.now();
  const next = await Promise.all(Array.from({ length: EACH }, () => living.place(basketOf(SKU, 1), { wait: 20 })));
  for (const order of next) expect(["CONFIRMED", "FULFILLING"]).toContain(order.status);
  for (const { id } of [...orders, ...next]) await living.until(id, "FULFILLING");
  expect(performance.now() - killedMs).toBeLessThan(15_000);
  const stock = await eventually(
    () => living.stock(SKU),
    ({ reserved }) => reserved === before + 2 * EACH,
  );
  expect(stock.reserved).toBe(before + 2 * EACH);
  replicas = survivor ? [survivor] : [];
});

test("SIGTERM ends streams at once, with word to connect again soon", async () => {
  if (!server) return;
  const [survivor] = replicas;
  const client = await clientOf(survivor);
  const token = await tokenOf(shape.dataDir, "customer", "alice");
  const { id } = await client.place(basketOf(SKU, 1), { wait: 20 });
  const stream = await openStream({ url: survivor?.url ?? "", token, orderId: id });
  await stream.until("OrderConfirmed");
  expect(await survivor?.stop()).toBe(0);
  await stream.ended;
  expect(stream.retryMs).toBe(250);
  replicas = [];
});
