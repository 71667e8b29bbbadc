/** Bugs in the real process: what they stop is parked, everything else goes on, and an operator releases it once mended. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import type { Mutant } from "../simulation/mutants.ts";
import { basket, basketOf, type Client, eventually, type Order } from "./client.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";
import { runCommand } from "./process.ts";

setDefaultTimeout(90_000);

const SKU = "SKU-016";
const PATH = "/api/v1/ops/deadletters";

/** Each hits one customer's orders. */
const BUGS: readonly Mutant[] = [
  {
    name: "the shipment of carol's orders throws",
    file: "modules/delivery/shipment.ts",
    find: "  const scheduled: Shipment = shipment ?? {",
    replace: `  if (customerId === "carol") throw new TypeError("planted: no shipment for carol");
  const scheduled: Shipment = shipment ?? {`,
  },
  {
    name: "the payment of dave's orders throws",
    file: "modules/payment/authorising.ts",
    find: "    if (payment) return payment.work",
    replace: `    if (asked.customerId === "dave") throw new TypeError("planted: no payment for dave");
    if (payment) return payment.work`,
  },
  {
    name: "the shipment of mallory's orders is sent against the contract",
    file: "runtime/messages/contract.ts",
    find: "data: text };",
    replace: `data: type.type === "ScheduleShipment" && text.includes('"mallory"')
      ? '{"customerId":"mallory","lines":7}' : text };`,
  },
];
const BROKEN = {
  BUN_OPTIONS: "--preload=./tests/journeys/plant-bugs.ts",
  PLANTED_BUGS: JSON.stringify(BUGS),
};

const letterSchema = z.strictObject({
  id: z.string(),
  module: z.string(),
  key: z.string(),
  source: z.string(),
  sequence: z.int(),
  reason: z.string(),
  error: z.string(),
  parkedAt: z.iso.datetime(),
  type: z.string(),
});
type Letter = z.infer<typeof letterSchema>;

let platform: TestPlatform;
let reservedBefore = 0;
let carols: Order[];
let daves: Order;
let mallorys: Order;
let alices: Order[];
let letters: Letter[];
const as = (name: string): Promise<Client> => platform.customer(name);

beforeAll(async () => {
  platform = await startTestPlatform();
  reservedBefore = (await (await as("alice")).stock(SKU)).reserved;
  await platform.process.stop();
  await platform.restart(BROKEN);
});
afterAll(() => platform.stop());

async function listed(): Promise<Letter[]> {
  const answer = await (await platform.as("operator", "olga")).send({ method: "GET", path: PATH });
  expect(answer.status).toBe(200);
  const page = z.strictObject({ items: z.array(letterSchema), nextCursor: z.null() }).parse(JSON.parse(answer.text));
  return page.items;
}
const deadletters = (...args: string[]) =>
  runCommand(["deadletters", ...args, "--url", platform.process.url, "--data", platform.dataDir]);
const letterOf = (order: Order | undefined, sequence = 1) => {
  const letter = letters.find((each) => each.key === order?.id && each.sequence === sequence);
  if (!letter) throw new Error(`order ${order?.id} has no dead letter ${sequence}`);
  return letter;
};

test("bugs park their messages and what follows for the same key; all other orders go on", async () => {
  const [alice, carol, dave, mallory] = await Promise.all(["alice", "carol", "dave", "mallory"].map(as));
  if (!alice || !carol || !dave || !mallory) throw new Error("four customers were named");
  daves = await dave.place(basketOf(SKU, 1));
  mallorys = await mallory.place(basketOf(SKU, 1));
  const home = { ...basket().shippingAddress, line1: "7 Hidden Lane" };
  const carolsBasket = { ...basketOf(SKU, 1), shippingAddress: home };
  carols = [await carol.place(carolsBasket), await carol.place(carolsBasket)];
  alices = await Promise.all(Array.from({ length: 10 }, () => alice.place(basketOf(SKU, 1))));
  for (const { id } of alices) await alice.until(id, "FULFILLING");
  for (const { id } of carols) await carol.until(id, "CONFIRMED");
  await mallory.until(mallorys.id, "CONFIRMED");
  await dave.until(daves.id, "RESERVED");
  expect((await dave.ask(`orders/${daves.id}/cancel`)).status).toBe(202);

  letters = await eventually(listed, (all) => all.length === 5);
  const told = letters.map(({ module, key, sequence, type, reason }) =>
    [module, key, sequence, type, reason].join(" "),
  );
  expect(told.sort()).toEqual(
    [
      ...carols.map(({ id }) => `delivery ${id} 1 ScheduleShipment threw`),
      `delivery ${mallorys.id} 1 ScheduleShipment threw`,
      `payment ${daves.id} 1 AuthorisePayment threw`,
      `payment ${daves.id} 2 VoidPayment behind`,
    ].sort(),
  );
  expect(letterOf(carols[0]).error).toBe("TypeError: planted: no shipment for carol");
  expect(letterOf(mallorys).error).toContain("address");
});

test("operators see them over the API and with the command, customers do not", async () => {
  const { id } = letterOf(carols[0]);
  const operator = await platform.as("operator", "olga");
  const shown = JSON.parse((await operator.send({ method: "GET", path: `${PATH}/${id}` })).text);
  expect(shown).toMatchObject({ id, payload: { customerId: "carol", lines: [{ sku: SKU, quantity: 1 }] } });
  expect(shown.fullError).toContain("modules/delivery/shipment.ts");
  expect(shown.trace.causationId).toBeString();
  const carol = await as("carol");
  for (const path of [PATH, `${PATH}/${id}`]) expect((await carol.send({ method: "GET", path })).status).toBe(403);

  const list = await deadletters("list");
  expect(list.code).toBe(0);
  for (const letter of letters) expect(list.stdout).toContain(letter.id);
  expect(list.stdout).toEndWith("5 dead letters\n");
  const ofPayment = await deadletters("list", "--module", "payment");
  expect(ofPayment.stdout).toEndWith("2 dead letters\n");
  const one = await deadletters("list", "--key", daves.id, "--type", "AuthorisePayment", "--parked", "threw");
  expect(one.stdout).toEndWith("1 dead letter\n");
  const show = await deadletters("show", id);
  expect(show.code).toBe(0);
  expect(show.stdout).toContain('"customerId": "carol"');
  expect(show.stdout).toContain("7 Hidden Lane");
  expect(platform.process.output()).not.toContain("7 Hidden Lane");
});

test("with the bugs still there a replay releases nothing and says so", async () => {
  const { id } = letterOf(carols[0]);
  const replay = await deadletters("replay", id);
  expect(replay.code).toBe(1);
  expect(replay.stdout).toContain(`still there ${id}`);
  expect(replay.stdout).toContain("planted: no shipment for carol");
  const operator = await platform.as("operator", "olga");
  const selection = await operator.send({
    method: "POST",
    path: `${PATH}/replay`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ module: "delivery", type: "ScheduleShipment" }),
  });
  expect([selection.status, JSON.parse(selection.text)]).toMatchObject([200, { releasedCount: 0, leftCount: 3 }]);
  expect((await listed()).map((letter) => letter.id).sort()).toEqual(letters.map((letter) => letter.id).sort());
});

test("after a mended restart nothing goes by itself, and a replay releases in order", async () => {
  expect(await platform.process.stop()).toBe(0);
  await platform.restart();
  const [carol, dave] = await Promise.all(["carol", "dave"].map(as));
  if (!carol || !dave) throw new Error("two customers were named");
  // Long enough for every sweep of a start.
  await Bun.sleep(2000);
  expect((await listed()).map(({ id }) => id).sort()).toEqual(letters.map(({ id }) => id).sort());
  expect((await carol.order(carols[0]?.id ?? "")).status).toBe("CONFIRMED");

  const first = await deadletters("replay", "--module", "delivery", "--key", letterOf(carols[0]).key);
  expect([first.code, first.stdout, first.stderr]).toEqual([0, `released    ${letterOf(carols[0]).id}\n`, ""]);
  await carol.until(carols[0]?.id ?? "", "FULFILLING");
  expect((await carol.order(carols[1]?.id ?? "")).status).toBe("CONFIRMED");

  // Asked about the second one, both go, the first one first: the payment is begun, then voided.
  const both = await deadletters("replay", letterOf(daves, 2).id);
  expect(both.code).toBe(0);
  expect(both.stdout).toBe(`released    ${letterOf(daves, 1).id}\nreleased    ${letterOf(daves, 2).id}\n`);
  const payments = await eventually(
    () => dave.payments(daves.id),
    ([payment]) => payment?.status === "VOIDED",
  );
  expect(payments).toMatchObject([{ status: "VOIDED", authorised: { amount: 0 } }]);
  await dave.until(daves.id, "CANCELLED");
});

test("a poisoned message stays poisoned: all the others are released, and it is discarded with a reason", async () => {
  const { id } = letterOf(mallorys);
  // Two operators at once: what the other one has released is no fault.
  const both = await Promise.all([deadletters("replay", "--all"), deadletters("replay", "--all")]);
  for (const { code, stdout, stderr } of both)
    expect([code, stdout, stderr]).toEqual([1, expect.stringContaining(`still there ${id}`), ""]);
  expect(both.map(({ stdout }) => stdout).join("")).toContain(`released    ${letterOf(carols[1]).id}`);
  expect((await listed()).map((letter) => letter.id)).toEqual([id]);

  expect((await deadletters("discard", id)).code).toBe(2);
  const operator = await platform.as("operator", "olga");
  const discard = (reason: string) =>
    operator.send({
      method: "POST",
      path: `${PATH}/${id}/discard`,
      headers: { "content-type": "application/json", "idempotency-key": "discard-of-mallory" },
      body: JSON.stringify({ reason }),
    });
  for (const attempt of [await discard("sent by hand"), await discard("sent by hand")]) {
    expect(attempt.status).toBe(200);
    expect(JSON.parse(attempt.text)).toMatchObject({ id, state: "gone", leftCount: 0, pending: false });
  }
  expect((await discard("another reason")).status).toBe(422);
  const log = await operator.send({ method: "GET", path: `/api/v1/ops/audit?subject=olga&orderId=${mallorys.id}` });
  expect(JSON.parse(log.text).items).toMatchObject([
    { action: `POST ${PATH}/{id}/discard`, objects: { id }, module: "delivery", outcome: "begun" },
  ]);
  expect(platform.process.output()).toContain("sent by hand");
  const empty = await deadletters("replay", "--all");
  expect([empty.code, empty.stdout]).toEqual([0, "no dead letters\n"]);
  expect((await deadletters("show", id)).stderr).toContain("See what there is with: deadletters list");
  expect((await deadletters("replay", id)).code).toBe(1);
});

test("in the end every order is whole and the stock exact", async () => {
  const [alice, carol, mallory] = await Promise.all(["alice", "carol", "mallory"].map(as));
  if (!alice || !carol || !mallory) throw new Error("three customers were named");
  for (const [client, orders] of [
    [alice, alices],
    [carol, carols],
  ] as const)
    for (const { id, total } of orders) {
      await client.until(id, "FULFILLING");
      expect((await client.history(id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
      expect(await client.deliveries(id)).toHaveLength(1);
      expect(await client.payments(id)).toMatchObject([{ status: "AUTHORISED", authorised: total }]);
      expect(await client.notifications(id)).toHaveLength(1);
    }
  expect((await mallory.order(mallorys.id)).status).toBe("CONFIRMED");
  expect(await mallory.deliveries(mallorys.id)).toEqual([]);
  const kept = alices.length + carols.length + 1;
  const stock = await eventually(
    () => alice.stock(SKU),
    ({ reserved }) => reserved === reservedBefore + kept,
  );
  expect(stock.reserved).toBe(reservedBefore + kept);
});
