/** Waits of the saga that end by themselves: before the pivot, for a shipment, for a capture. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import type { Mutant } from "../simulation/mutants.ts";
import { basketOf, type Client, eventually, type Order } from "./client.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";

setDefaultTimeout(60_000);

const SKU = "SKU-015";
const LETTERS = "/api/v1/ops/deadletters";

const NO_SHIPMENT: Mutant = {
  name: "the shipment of carol's orders throws",
  file: "modules/delivery/shipment.ts",
  find: "  const scheduled: Shipment = shipment ?? {",
  replace: `  if (customerId === "carol") throw new TypeError("planted: no shipment for carol");
  const scheduled: Shipment = shipment ?? {`,
};
const SHORT = {
  BUN_OPTIONS: "--preload=./tests/journeys/plant-bugs.ts",
  PLANTED_BUGS: JSON.stringify([NO_SHIPMENT]),
  PLACEMENT_DEADLINE_MS: "4000",
  // Longer than the order waits, so that the answer comes when it has ended.
  PAYMENT_ANSWER_TIMEOUT_MS: "5500",
  SHIPMENT_DEADLINE_MS: "3000",
  AUTHORISATION_VALID_MS: "4000",
};

let platform: TestPlatform;
let operator: Client;
let alice: Client;
let carol: Client;
let reservedBefore: number;
/** One of each, placed at once: their waits pass together. */
let unanswered: Order;
let unshipped: Order;
let uncaptured: Order;

beforeAll(async () => {
  platform = await startTestPlatform(SHORT);
  operator = await platform.as("operator", "olga");
  alice = await platform.customer("alice");
  carol = await platform.customer("carol");
  reservedBefore = (await alice.stock(SKU)).reserved;
  // Brokers that have just started may be slower than these deadlines.
  await eventually(
    () => alice.place(basketOf("SKU-017", 1), { wait: 10 }),
    ({ status }) => status === "CONFIRMED" || status === "FULFILLING",
  );
  [unanswered, unshipped, uncaptured] = await Promise.all([
    alice.place(basketOf(SKU, 1, "tok_timeout_charged")),
    carol.place(basketOf(SKU, 1)),
    alice.place(basketOf(SKU, 1, "tok_capture_down"), { wait: 10 }),
  ]);
  await alice.until(uncaptured.id, "FULFILLING");
  const [delivery] = await alice.deliveries(uncaptured.id);
  expect((await operator.ask(`deliveries/${delivery?.id}/dispatch`)).status).toBe(202);
});
afterAll(() => platform.stop());

const paymentOf = async ({ id }: Order) => (await alice.payments(id))[0];

const letters = z.object({ items: z.array(z.object({ id: z.string(), type: z.string(), reason: z.string() })) });
async function lettersOf({ id }: Order) {
  const { text } = await operator.send({ method: "GET", path: `${LETTERS}?key=${id}` });
  return letters.parse(JSON.parse(text)).items;
}

test("a shipment that is not scheduled in time: the order is cancelled, and all of it is undone", async () => {
  await carol.until(unshipped.id, "CANCEL_PENDING");
  const parked = await eventually(
    () => lettersOf(unshipped),
    ({ length }) => length === 2,
  );
  expect(parked.map(({ type, reason }) => [type, reason])).toEqual([
    ["ScheduleShipment", "threw"],
    ["CancelShipment", "behind"],
  ]);
  // The cancel waits behind what delivery cannot do. Without it delivery cancels what was never scheduled.
  expect((await operator.ask(`ops/deadletters/${parked[0]?.id}/discard`, { reason: "cancelled" })).status).toBe(200);
  expect((await carol.until(unshipped.id, "CANCELLED")).reason).toBe("shipment_not_scheduled");
  expect(await carol.payments(unshipped.id)).toMatchObject([{ status: "VOIDED", captured: { amount: 0 } }]);
});

test("a capture that nobody carries out until the authorisation ends: the parcel stays, and somebody must look", async () => {
  expect((await alice.until(uncaptured.id, "NEEDS_ATTENTION", 30_000)).reason).toBe("authorisation_expired");
  expect(await paymentOf(uncaptured)).toMatchObject({ status: "VOIDED", captured: { amount: 0 } });
  expect((await alice.deliveries(uncaptured.id))[0]?.status).toBe("SCHEDULED");
  const cancel = { action: "cancel", reason: "it cannot be paid any more" };
  expect((await operator.ask(`orders/${uncaptured.id}/resolve`, cancel)).status).toBe(202);
  await alice.until(uncaptured.id, "CANCELLED");
});

test("an order without a decision expires, and the charge that is told of later is given back", async () => {
  expect((await alice.until(unanswered.id, "EXPIRED", 30_000)).reason).toBe("deadline_passed");
  const payment = await eventually(
    () => paymentOf(unanswered),
    (one) => one?.status === "VOIDED",
  );
  expect(payment).toMatchObject({ status: "VOIDED", captured: { amount: 0 } });
  const stock = await eventually(
    () => alice.stock(SKU),
    ({ reserved }) => reserved === reservedBefore,
  );
  expect(stock.reserved).toBe(reservedBefore);
  const books = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
  expect(JSON.parse(books.text).violations).toEqual([]);
});
