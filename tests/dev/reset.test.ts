/** `dev --reset` begins afresh, and never with what is in use or somebody else's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { basketOf } from "../journeys/client.ts";
import { refusal } from "../journeys/process.ts";
import { type Checkout, copyCheckout } from "./checkout.ts";

let checkout: Checkout;
beforeAll(async () => {
  checkout = await copyCheckout();
});
afterAll(() => checkout.remove());

test.each([[[]], [["--no-watch"]]])(
  "--reset %p: orders and messages are gone, the tokens of before are good",
  async (more) => {
    const before = await checkout.dev(more);
    const alice = await checkout.as(before, "alice");
    const { id } = await alice.place(basketOf("SKU-001", 1));
    expect(await refusal(["dev", "--data", checkout.dataDir, "--reset", ...more])).toContain(
      `in use by process ${before.pid}`,
    );
    expect((await alice.order(id)).id).toBe(id);
    await before.stop();
    // Of a `dev --split` before it.
    await Bun.write(join(checkout.dataDir, "kafka", "1", "data", "meta.properties"), "");

    const after = await checkout.dev(["--reset", ...more], { PORT: String(before.port) });
    expect(existsSync(join(checkout.dataDir, "kafka"))).toBe(false);
    // The same client, and so the same token.
    expect((await alice.send({ method: "GET", path: `/api/v1/orders/${id}` })).status).toBe(404);
    const { id: next } = await alice.place(basketOf("SKU-001", 1));
    await alice.until(next, "FULFILLING");
    await after.stop();
  },
);

test.each(["DATABASE_URL", "ORDER_DATABASE_URL"])("--reset with %s is refused", async (variable) => {
  const env = { [variable]: "postgres://owner:hunter2@127.0.0.1:1/shop" };
  const line = await refusal(["dev", "--data", checkout.dataDir, "--reset"], env);
  expect(line).toStartWith("--reset removes only the database that `dev` brings along");
  expect(line).not.toContain("hunter2");
});
