/** Who may see and do what. */
import { beforeAll, expect, test } from "bun:test";
import { basketOf, type Client, createClient, problemOf } from "./client.ts";
import type { TestPlatform } from "./platform.ts";
import { runCommand } from "./process.ts";
import { sharedPlatform } from "./shared-platform.ts";

let platform: TestPlatform;
let alice: Client;
let mallory: Client;
let orderId: string;

beforeAll(async () => {
  platform = await sharedPlatform();
  alice = await platform.customer("alice");
  mallory = await platform.customer("mallory");
  const order = await alice.place(basketOf("SKU-001", 1), { wait: 10 });
  await alice.until(order.id, "FULFILLING");
  orderId = order.id;
});

const UNKNOWN = "01890000-0000-7000-8000-000000000000";
const get = (client: Client, path: string) => client.send({ method: "GET", path });

test.each(["", "/history", "/stream"])("a stranger's order%s looks exactly like an unknown one", async (suffix) => {
  const strange = await get(mallory, `/api/v1/orders/${orderId}${suffix}`);
  const unknown = await get(mallory, `/api/v1/orders/${UNKNOWN}${suffix}`);
  expect([strange.status, unknown.status]).toEqual([404, 404]);
  expect(strange.text.replaceAll(orderId, "ID")).toBe(unknown.text.replaceAll(UNKNOWN, "ID"));
  const names = (headers: Headers) => [...headers.keys()].filter((name) => name !== "date").sort();
  expect(names(strange.headers)).toEqual(names(unknown.headers));
});

test("what belongs to a stranger's order is an empty list", async () => {
  expect(await alice.payments(orderId)).toHaveLength(1);
  expect(await alice.deliveries(orderId)).toHaveLength(1);
  expect(await mallory.payments(orderId)).toEqual([]);
  expect(await mallory.deliveries(orderId)).toEqual([]);
  expect(await mallory.notifications(orderId)).toEqual([]);
});

test("an operator reads every order and places none", async () => {
  const operator = await platform.as("operator", "olga");
  expect((await operator.order(orderId)).customerId).toBe("alice");
  expect(await operator.payments(orderId)).toHaveLength(1);
  const answer = await operator.post("{}");
  expect([answer.status, problemOf(answer).type]).toEqual([403, "/problems/forbidden"]);
});

test("without a token: catalogue and stock, nothing else", async () => {
  const guest = platform.guest();
  expect((await get(guest, "/api/v1/pricing/products")).status).toBe(200);
  expect((await guest.stock("SKU-001")).sku).toBe("SKU-001");
  for (const path of [`/api/v1/orders/${orderId}`, `/api/v1/payments?orderId=${orderId}`]) {
    const answer = await get(guest, path);
    expect([path, answer.status]).toEqual([path, 401]);
    expect(answer.headers.get("www-authenticate")).toStartWith("Bearer");
  }
  // Rights come before the body.
  expect((await guest.post("not json")).status).toBe(401);
});

test("the token command: accepted with the same data, refused when expired or of another directory", async () => {
  const token = async (...flags: string[]) => {
    const { code, stdout } = await runCommand(["token", "--role", "customer", "--sub", "alice", ...flags]);
    expect(code).toBe(0);
    return stdout.trim().split("\n").at(-1) ?? "";
  };
  const here = ["--data", platform.dataDir];
  const valid = createClient(platform.process.url, await token(...here));
  expect((await valid.order(orderId)).id).toBe(orderId);
  const expired = createClient(platform.process.url, await token(...here, "--ttl=-60"));
  const foreign = createClient(platform.process.url, await token("--data", `${platform.dataDir}/other`));
  for (const client of [expired, foreign]) {
    const answer = await get(client, `/api/v1/orders/${orderId}`);
    expect(answer.status).toBe(401);
    problemOf(answer);
  }
});
