/** `dev` restarts the application when its source is saved, and nothing else. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { basketOf, type Client } from "../journeys/client.ts";
import type { PlatformProcess } from "../journeys/process.ts";
import { type Checkout, copyCheckout, page, until } from "./checkout.ts";

const PAGE = "runtime/edge/welcome-page.ts";
const LEAD = "An order platform: six modules, one codebase.";

let checkout: Checkout;
let dev: PlatformProcess;
let alice: Client;

beforeAll(async () => {
  checkout = await copyCheckout();
  dev = await checkout.dev([], { PAYMENT_ANSWER_TIMEOUT_MS: "2500" });
  alice = await checkout.as(dev, "alice");
});
afterAll(async () => {
  await dev.stop();
  await checkout.remove();
});

const restarts = () => dev.output().match(/restarted in \d+ ms: .*/g) ?? [];
const nextRestart = async (after: number) => {
  await until("it has restarted", () => restarts().length > after);
  return restarts()[after] ?? "";
};

test("a save is in the next answer, an order placed before goes on, and PostgreSQL has stayed up", async () => {
  const before = checkout.pids();
  const done = restarts().length;
  const placed = await alice.place(basketOf("SKU-001", 1, "tok_timeout_charged"));
  await checkout.edit(PAGE, LEAD, "Saved by rename.");
  expect(await nextRestart(done)).toContain(`ms: ${PAGE}`);
  expect(await page(dev.url)).toContain("Saved by rename.");
  const after = checkout.pids();
  expect(after.postmaster).toBe(before.postmaster);
  expect(after.application).not.toBe(before.application);
  await alice.until(placed.id, "FULFILLING", 20_000);
  expect((await alice.payments(placed.id)).map(({ status }) => status)).toEqual(["AUTHORISED"]);
  expect(dev.output().match(/genai-demo is ready/g)).toHaveLength(1);
});

test("new files in new folders count, tests do not", async () => {
  const done = restarts().length;
  const folder = join(checkout.root, "modules", "order", "returns");
  await writeFile(join(checkout.root, "modules", "order", "new.test.ts"), "");
  await mkdir(folder);
  await writeFile(join(folder, "rules.ts"), "export const days = 14;\n");
  expect(await nextRestart(done)).toEndWith("ms: modules/order/returns/rules.ts");
});

test("a request that holds its answer is answered as its order stands, and does not hold up the restart", async () => {
  const done = restarts().length;
  const held = alice.place(basketOf("SKU-002", 1, "tok_timeout_charged"), { wait: 25, key: "held" });
  await until("the order is there", async () => (await alice.stock("SKU-002")).reserved > 0);
  await checkout.edit("modules/order/saga.ts", "\n", "\n\n");
  await nextRestart(done);
  const { id, status } = await held;
  expect(["PENDING", "RESERVED"]).toContain(status);
  // Asked again under its key, it is the same order, and it has gone on.
  const again = await alice.place(basketOf("SKU-002", 1, "tok_timeout_charged"), { key: "held" });
  expect(again.id).toBe(id);
  await alice.until(again.id, "FULFILLING", 20_000);
  expect((await alice.stock("SKU-002")).reserved).toBe(1);
});

test("what cannot start says why and waits for the save that mends it", async () => {
  const done = restarts().length;
  await checkout.edit("modules/order/saga.ts", "\nexport", "\nconst broken = ;\nexport");
  await until("the error is shown", () => dev.output().includes("the next save starts it again"));
  expect(dev.output()).toContain("const broken = ;");
  expect(await page(dev.url)).toBe("");
  await checkout.edit("modules/order/saga.ts", "const broken = ;\n", "");
  expect(await nextRestart(done)).toContain("modules/order/saga.ts");
  expect(await page(dev.url)).toContain("Saved by rename.");
});

test("an application that is caught in a loop is replaced as well", async () => {
  const before = restarts().length;
  await checkout.edit(PAGE, "return `<!doctype html>", "for (;;);\n  return `<!doctype html>");
  await nextRestart(before);
  const done = restarts().length;
  const looping = page(dev.url);
  await until("nobody answers", async () => (await page(`${dev.url}/health/live`)) === "");
  await checkout.edit(PAGE, "for (;;);\n", "");
  await nextRestart(done);
  expect(await looping).toBe("");
  expect(await page(dev.url)).toContain("Saved by rename.");
});
