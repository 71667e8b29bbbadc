/** `psql MODULE`: the module's role and schema, in the server of a running `dev` or in one of its own. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { hasEnded } from "../../runtime/ended-process.fixture.ts";
import { basketOf } from "../journeys/client.ts";
import { refusal, runCommand } from "../journeys/process.ts";
import { provideOrSkip } from "../provision/missing.ts";
import { provisionPostgres } from "../provision/postgres.ts";
import { type Checkout, copyCheckout } from "./checkout.ts";

const hasPsql = Bun.which("psql") !== null || (await provideOrSkip("tests/dev/psql", provisionPostgres)) !== undefined;

let checkout: Checkout;
beforeAll(async () => {
  checkout = await copyCheckout();
});
afterAll(() => checkout.remove());

const psql = (module: string, statement: string) =>
  runCommand(["psql", module, "--data", checkout.dataDir, "--", "-X", "-A", "-t", "-c", statement]);

test("before there is data it says so", async () => {
  expect(await refusal(["psql", "order", "--data", checkout.dataDir])).toContain("start `dev` once");
});

test.skipIf(!hasPsql)("while dev runs, and after it", async () => {
  const dev = await checkout.dev();
  await (await checkout.as(dev, "alice")).place(basketOf("SKU-001", 1));
  const ask = "select current_user, current_schema(), count(*) from orders";
  expect(await psql("order", ask)).toMatchObject({ code: 0, stdout: "order_app|order|1\n" });
  const { postmaster } = checkout.pids();
  await dev.stop();
  expect(hasEnded(postmaster)).toBe(true);
  expect(await psql("order", ask)).toMatchObject({ code: 0, stdout: "order_app|order|1\n" });
  expect(hasEnded(checkout.pids().postmaster)).toBe(true);

  const side = await psql("payment_simulator", "select current_user, current_schema()");
  expect(side.stdout).toBe("payment_simulator_app|payment_simulator\n");
  // The module's role, so no more than the module may do.
  const denied = await psql("order", "create table more (a int)");
  expect(denied.code).not.toBe(0);
  expect(denied.stderr).toContain("permission denied");
});

test("an unknown module, an unreachable server", async () => {
  expect((await runCommand(["psql"])).code).toBe(2);
  const { code, stderr } = await runCommand(["psql", "basket"]);
  expect(code).toBe(2);
  expect(stderr).toBe(
    "there is no module basket; there are order, payment, payment_simulator, inventory, pricing, delivery, notification, notification_mailbox\n",
  );
});

test.skipIf(!hasPsql)("a server that cannot be reached", async () => {
  const line = await refusal(["psql", "order", "--database-url", "postgres://owner:hunter2@127.0.0.1:1/shop"]);
  expect(line).toContain('The database "shop" at 127.0.0.1:1 cannot be used');
  expect(line).not.toContain("hunter2");
});

test("without psql and without the means to fetch it", async () => {
  const nowhere = join(checkout.root, "nowhere");
  await mkdir(nowhere);
  const env = { PATH: nowhere, XDG_CACHE_HOME: nowhere };
  const line = await refusal(["psql", "order", "--database-url", "postgres://owner@127.0.0.1:1/shop"], env);
  expect(line).toStartWith("There is no psql on the PATH");
  expect(line).toContain("apt-get install postgresql-client");
});
