/** Stock is never oversold: two hundred buyers want the last five units at once. */
import { beforeAll, expect, test } from "bun:test";
import { basketOf, eventually } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { sharedPlatform } from "./shared-platform.ts";

const BUYERS = 200;
const UNITS = 5;
const SKU = "SKU-020";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await sharedPlatform();
});

test("exactly five are confirmed, the others are out of stock, and the figures agree", async () => {
  const wholesaler = await platform.customer("wholesaler");
  const { available, onHand } = await wholesaler.stock(SKU);
  const rest = await wholesaler.place(basketOf(SKU, available - UNITS), { wait: 20 });
  await wholesaler.until(rest.id, "FULFILLING");
  expect((await wholesaler.stock(SKU)).available).toBe(UNITS);

  const buyers = await Promise.all(Array.from({ length: BUYERS }, (_, index) => platform.customer(`buyer-${index}`)));
  const orders = await Promise.all(
    buyers.map(async (buyer) => ({ buyer, order: await buyer.place(basketOf(SKU, 1), { wait: 25 }) })),
  );
  const sold = orders.filter(({ order }) => order.status !== "REJECTED");
  expect(sold).toHaveLength(UNITS);
  for (const { buyer, order } of sold) await buyer.until(order.id, "FULFILLING");
  const refused = orders.filter(({ order }) => order.status === "REJECTED");
  expect(new Set(refused.map(({ order }) => order.reason))).toEqual(new Set(["out_of_stock"]));
  expect(refused).toHaveLength(BUYERS - UNITS);

  const after = await eventually(
    () => wholesaler.stock(SKU),
    (stock) => stock.available === 0,
  );
  expect(after).toMatchObject({ onHand, reserved: onHand, available: 0 });
  const operator = await platform.as("operator", "olga");
  const charges = await Promise.all(orders.map(({ order }) => operator.payments(order.id)));
  expect(charges.flat()).toHaveLength(UNITS);
}, 90_000);
