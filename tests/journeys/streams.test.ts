/** An order's history as it happens: replayed, then live, resumed by `Last-Event-ID`, over when the order is. */
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { basketOf, type Client, problemOf } from "./client.ts";
import { openStream } from "./event-stream.ts";
import { type TestPlatform, tokenOf } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

setDefaultTimeout(60_000);

const SKU = "SKU-016";

let platform: TestPlatform;
let alice: Client;
let token: string;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  token = await tokenOf(platform.dataDir, "customer", "alice");
});

const follow = (orderId: string, lastEventId?: string | number) =>
  openStream({ url: platform.process.url, token, orderId, ...(lastEventId === undefined ? {} : { lastEventId }) });
const ask = (id: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  alice.send({ method, path: `/api/v1/orders/${id}/stream`, headers });

test("it begins with the history, goes on live to the order's end, and ends with it", async () => {
  const { id } = await alice.place(basketOf(SKU, 1));
  const stream = await follow(id);
  await stream.until("ShipmentScheduled");
  expect(stream.told.map(({ type }) => type)).toEqual([
    "OrderPlaced",
    "StockReserved",
    "PaymentAuthorised",
    "OrderConfirmed",
    "ShipmentScheduled",
  ]);
  expect((await alice.ask(`orders/${id}/cancel`)).status).toBe(202);
  await stream.ended;
  expect(stream.told.at(-1)?.data.status).toBe("CANCELLED");
  expect(stream.told).toEqual(await alice.history(id));
  const over = await ask(id, { "last-event-id": String(stream.told.length) });
  expect([over.status, over.text]).toEqual([204, ""]);
});

test("a refused order is told with all that was undone; operators hear it, too", async () => {
  const { id } = await alice.place(basketOf(SKU, 1, "tok_declined"));
  const operator = await tokenOf(platform.dataDir, "operator", "olga");
  const streams = await Promise.all([
    follow(id),
    openStream({ url: platform.process.url, token: operator, orderId: id }),
  ]);
  for (const { told, ended } of streams) {
    await ended;
    expect(told.map(({ type, data }) => [type, data.status])).toEqual([
      ["OrderPlaced", "PENDING"],
      ["StockReserved", "RESERVED"],
      ["PaymentDeclined", "REJECTED"],
      ["StockReleased", "REJECTED"],
    ]);
  }
});

test("a client that loses its connection again and again misses nothing and hears nothing twice, wherever it connects", async () => {
  const { id } = await alice.place(basketOf(SKU, 1));
  const heard: unknown[] = [];
  let types: string[] = [];
  while (!types.includes("ShipmentScheduled")) {
    const stream = await follow(id, heard.length);
    while (stream.told.length === 0) await Bun.sleep(10);
    await stream.leave();
    heard.push(...stream.told);
    types = [...types, ...stream.told.map(({ type }) => type)];
  }
  expect(heard).toEqual(await alice.history(id));
});

test("a sequence that is ahead waits; what is no sequence is refused", async () => {
  const { id } = await alice.place(basketOf(SKU, 1), { wait: 10 });
  await alice.until(id, "FULFILLING");
  const ahead = await follow(id, 6);
  expect((await alice.ask(`orders/${id}/cancel`)).status).toBe(202);
  await ahead.ended;
  expect(ahead.told).toEqual((await alice.history(id)).slice(6));
  for (const wrong of ["x", "-1", "1.5", "99999999999", ""]) {
    const answer = await ask(id, { "last-event-id": wrong });
    expect([wrong, answer.status, problemOf(answer).errors?.map(({ field }) => field)]).toEqual([
      wrong,
      400,
      ["header.last-event-id"],
    ]);
  }
});

test("HEAD of it is not allowed: it would never end", async () => {
  const { id } = await alice.place(basketOf(SKU, 1));
  await alice.until(id, "FULFILLING");
  const answer = await ask(id, {}, "HEAD");
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
});
