/** kill -9 in the middle of orders: what was acknowledged goes on by itself, and nothing happens twice. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { basketOf, type Client, eventually, type Order } from "./client.ts";
import { startTestPlatform, type TestPlatform } from "./platform.ts";

const ROUND = 60;
const SKU = "SKU-012";
/** After a restart everything settles within this. */
const SETTLED_MS = 20_000;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ PAYMENT_ANSWER_TIMEOUT_MS: "3000" }, { watching: true });
});
afterAll(() => platform.stop());

const TOKENS = ["tok_visa", "tok_visa", "tok_declined", "tok_timeout_charged"];

interface Attempt {
  readonly key: string;
  readonly token: string;
  acknowledged: Order | undefined;
}

async function placeUntilKilled(alice: Client, what: "process" | "group", killAfter: number): Promise<Attempt[]> {
  let answered = 0;
  let killed: Promise<void> | undefined;
  const attempts: Attempt[] = Array.from({ length: ROUND }, (_, index) => ({
    key: crypto.randomUUID(),
    token: TOKENS[index % TOKENS.length] ?? "tok_visa",
    acknowledged: undefined,
  }));
  // A few at a time, so that the kill meets orders at every step of their way.
  const queue = [...attempts];
  const buyer = async () => {
    for (let attempt = queue.shift(); attempt !== undefined && killed === undefined; attempt = queue.shift()) {
      try {
        attempt.acknowledged = await alice.place(basketOf(SKU, 1, attempt.token), { key: attempt.key });
        if (++answered === killAfter) killed = platform.process.kill(what);
      } catch {
        // The process died under the request: nobody knows whether the order was made.
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, buyer));
  expect(killed).toBeDefined();
  await killed;
  return attempts;
}

test.each([
  ["process", 25],
  ["group", 40],
] as const)(
  "kill -9 of the %s after %d answers",
  async (what, killAfter) => {
    const before = (await (await platform.customer("alice")).stock(SKU)).reserved;
    const attempts = await placeUntilKilled(await platform.customer("alice"), what, killAfter);
    await platform.restart();
    const alice = await platform.customer("alice");
    const deadline = Date.now() + SETTLED_MS;
    const left = () => Math.max(0, deadline - Date.now());
    const expected = (token: string) => (token === "tok_declined" ? "REJECTED" : "FULFILLING");
    const acknowledged = attempts.filter((attempt) => attempt.acknowledged !== undefined);
    expect(acknowledged.length).toBeGreaterThanOrEqual(killAfter);
    for (const { acknowledged: order, token } of acknowledged)
      await alice.until(order?.id ?? "", expected(token), left());

    // Sent again under its key, an order that was in doubt is the first one if there was one, and ends right too.
    const all = await Promise.all(
      attempts.map(async ({ key, token, acknowledged: first }) => {
        const order = await alice.place(basketOf(SKU, 1, token), { key });
        if (first) expect(order.id).toBe(first.id);
        return { token, order };
      }),
    );
    for (const { token, order } of all) await alice.until(order.id, expected(token), SETTLED_MS);
    const sold = all.filter(({ token }) => token !== "tok_declined");
    const stock = await eventually(
      () => alice.stock(SKU),
      ({ reserved }) => reserved === before + sold.length,
    );
    expect(stock.reserved).toBe(before + sold.length);
    for (const { order } of sold) {
      expect((await alice.history(order.id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
      expect(await alice.deliveries(order.id)).toHaveLength(1);
      expect(await alice.payments(order.id)).toMatchObject([{ status: "AUTHORISED", authorised: order.total }]);
      expect(await alice.notifications(order.id)).toHaveLength(1);
    }
  },
  90_000,
);
