/**
 * What the platform writes and answers while everything happens that can go wrong holds nothing that is secret or
 * personal: values that occur nowhere else go in by every door, and all outputs are searched for them.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { signWebhook } from "../../runtime/http/webhook-signature.ts";
import { secret } from "../../runtime/secret.ts";
import type { Mutant } from "../simulation/mutants.ts";
import { basketOf, type Client, createClient, eventually, type Order } from "./client.ts";
import { startTestPlatform, type TestPlatform, tokenOf } from "./platform.ts";
import { runCommand } from "./process.ts";

setDefaultTimeout(90_000);

const SKU = "SKU-014";
const canary = (of: string) => `canary-${of}-${crypto.randomUUID().slice(0, 8)}`;

/** Written on purpose by a planted bug, to see that the search finds what is there. */
const PRINTED = canary("printed");
const PERSONAL = {
  name: canary("name"),
  line1: canary("line1"),
  city: canary("city"),
  postalCode: canary("post"),
  email: `${canary("email")}@example.org`,
  phone: `+8869${String(Math.floor(Math.random() * 1e10)).padStart(10, "7")}`,
  token: `tok_${canary("token").replaceAll("-", "_")}`,
  reason: canary("reason"),
  otherLine1: canary("other-line1"),
};
const WEBHOOK_SECRET = canary("webhook-secret");
const KAFKA_PASSWORD = canary("kafka-password");
const GARBAGE_TOKEN = canary("bearer");
const { name, line1, city, postalCode } = PERSONAL;
const ADDRESS = { name, line1, line2: PRINTED, city, region: "WA", postalCode, country: "US" };

/** Each throws what it works with, for one customer: in a handler, a command, a route; one prints. */
const BUGS: readonly Mutant[] = [
  {
    name: "the shipment of carol's orders throws, and says where it was to go",
    file: "modules/delivery/shipment.ts",
    find: "  const scheduled: Shipment = shipment ?? {",
    replace: `  if (customerId === "carol") console.error("planted:", address.line2);
  if (customerId === "carol") throw new TypeError("planted: no way to " + JSON.stringify(address) + address.line1);
  const scheduled: Shipment = shipment ?? {`,
  },
  {
    name: "the payment of dave's orders throws, and says with what it was to be paid",
    file: "modules/payment/authorising.ts",
    find: "    if (payment) return payment.work",
    replace: `    if (asked.customerId === "dave") throw new RangeError("planted: no payment with " + JSON.stringify(asked));
    if (payment) return payment.work`,
  },
  {
    name: "the cancellation of carol's orders throws, and says of which",
    file: "modules/order/requests.ts",
    find: '    if (order.stage === "CANCEL_PENDING" || order.stage === "CANCELLED") return asItIs(order);',
    replace:
      '    if (order.customerId === "carol") throw new Error("planted: " + JSON.stringify(order));\n    if (order.stage === "CANCEL_PENDING" || order.stage === "CANCELLED") return asItIs(order);',
  },
  {
    name: "quotes for erin throw, and say for what",
    file: "modules/pricing/quote-routes.ts",
    find: "    handle: async ({ body, principal, idempotency }, { quoting }: QuoteRouteDeps) => ({",
    replace: `    handle: async ({ body, principal, idempotency }, { quoting }: QuoteRouteDeps) => principal.subject === "erin"
      ? Promise.reject(new Error("planted: " + JSON.stringify(body), { cause: new Error(body.shippingAddress.name) }))
      : ({`,
  },
];
const SETTINGS = {
  BUN_OPTIONS: "--preload=./tests/journeys/plant-bugs.ts",
  PLANTED_BUGS: JSON.stringify(BUGS),
  // Whatever is ever told is searched.
  LOG_LEVEL: "debug",
  PAYMENT_RETRY_FOR_MS: "1500",
  PAYMENT_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  DELIVERY_WEBHOOK_SECRETS: WEBHOOK_SECRET,
  KAFKA_PASSWORD,
};

let platform: TestPlatform;
let operator: Client;
let alice: Client;
let orders: Readonly<Record<"alice" | "carol" | "dave", Order>>;
/** Bearer tokens end in a signature: whoever has it, has them. */
const signatures: string[] = [];

async function as(role: "customer" | "operator", sub: string): Promise<Client> {
  const token = await tokenOf(platform.dataDir, role, sub);
  signatures.push(token.split(".").at(-1) ?? "");
  return createClient(platform.process.url, token);
}

const order = (token = "tok_visa") => ({
  ...basketOf(SKU, 1, token),
  shippingAddress: ADDRESS,
  email: PERSONAL.email,
});
const put = (client: Client, path: string, body: unknown) =>
  client.send({ method: "PUT", path, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const get = (client: Client, path: string) => client.send({ method: "GET", path: `/api/v1/${path}` });

beforeAll(async () => {
  platform = await startTestPlatform(SETTINGS);
  operator = await as("operator", "olga");
  alice = await as("customer", "alice");
});
afterAll(() => platform.stop());

test("all goes in by every door, and much of it fails", async () => {
  const [carol, dave, erin] = await Promise.all(["carol", "dave", "erin"].map((sub) => as("customer", sub)));
  if (!carol || !dave || !erin) throw new Error("three customers were named");
  const preferences = { language: "en", channels: ["sms", "email"], phone: PERSONAL.phone };
  expect((await put(alice, "/api/v1/notifications/preferences", preferences)).status).toBe(200);
  orders = {
    alice: await alice.place(order(), { wait: 10 }),
    carol: await carol.place(order(), { wait: 10 }),
    dave: await dave.place(order(PERSONAL.token)),
  };
  const down = await alice.place(order("tok_provider_down"));
  await alice.until(orders.alice.id, "FULFILLING");
  const [delivery] = await alice.deliveries(orders.alice.id);
  const { line2: _printed, ...elsewhere } = { ...ADDRESS, line1: PERSONAL.otherLine1 };
  expect((await put(alice, `/api/v1/deliveries/${delivery?.id}/address`, elsewhere)).status).toBe(200);
  const adjustment = { delta: 1, reason: PERSONAL.reason };
  expect((await operator.ask(`inventory/${SKU}/adjustments`, adjustment)).status).toBe(201);

  const quote = { currency: "USD", items: [{ sku: SKU, quantity: 1 }], shippingAddress: ADDRESS };
  const refused = await Promise.all([
    alice.post(`{"shippingAddress": ${name}, "email": ${PERSONAL.email}`),
    alice.post(JSON.stringify({ ...order(), shippingAddress: { ...ADDRESS, country: PERSONAL.name } })),
    alice.post(JSON.stringify({ ...order(), items: [{ sku: "NO-SUCH-SKU", quantity: 1 }] })),
    createClient(platform.process.url, GARBAGE_TOKEN).post(JSON.stringify(order())),
    operator.ask(`orders/${orders.alice.id}/resolve`, { action: "retry", reason: PERSONAL.reason }),
    erin.ask("pricing/quotes", quote),
    carol.ask(`orders/${orders.carol.id}/cancel`),
    operator.ask("payments/webhooks/simulator", { id: name, type: name, data: { authorisation: line1 } }),
    signed(`{"id": "${name}", "type": ${line1}`),
  ]);
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 422, 401, 409, 500, 500, 400, 400]);

  // As when the database is restarted: whatever is under way loses its connection.
  const shaken = Array.from({ length: 4 }, () => alice.post(JSON.stringify(order())));
  await platform.sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and usename is not null",
  );
  await Promise.all(shaken);
  // Until the connections are made anew, a look may be answered 503.
  const look = () => alice.order(down.id).catch(() => undefined);
  expect((await eventually(look, (seen) => seen?.status === "REJECTED"))?.status).toBe("REJECTED");
  await eventually(letters, ({ length }) => length === 2);
});

const signed = (body: string) =>
  operator.send({
    method: "POST",
    path: "/api/v1/payments/webhooks/simulator",
    headers: {
      "content-type": "application/json",
      "webhook-signature": signWebhook(secret(WEBHOOK_SECRET), new TextEncoder().encode(body), Date.now()),
    },
    body,
  });

async function letters() {
  const { text } = await get(operator, "ops/deadletters");
  return z.object({ items: z.array(z.object({ id: z.string(), key: z.string() })) }).parse(JSON.parse(text)).items;
}

/** Every output with what it is of: the processes' own, and what they answer to whom it is none of their business. */
async function outputs(): Promise<ReadonlyMap<string, string>> {
  const mallory = await as("customer", "mallory");
  const guest = platform.guest();
  const { id } = orders.alice;
  const [delivery] = await alice.deliveries(id);
  const [payment] = await alice.payments(id);
  const answers: readonly (readonly [Client, string])[] = [
    ...["ops/topology", "ops/deadletters", "ops/sagas?stuck=true", "ops/reconcile", "ops/audit", "ops/outbox"].map(
      (path) => [operator, path] as const,
    ),
    ...[mallory, guest].flatMap((who) =>
      [`orders/${id}`, `orders/${id}/history`, `deliveries/${delivery?.id}`, `deliveries?orderId=${id}`]
        .concat([
          `payments/${payment?.id}`,
          `notifications?orderId=${id}`,
          "notifications/preferences?customerId=alice",
        ])
        .map((path) => [who, path] as const),
    ),
    [guest, `inventory/${SKU}`],
  ];
  const { url, internalUrl } = platform.process;
  const pages = [url, internalUrl].flatMap((base) =>
    ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/"].map((path) => base + path),
  );
  const here = ["--url", url, "--data", platform.dataDir];
  const commands = [["config"], ["config", "--json"], ["reconcile", ...here], ["deadletters", "list", ...here]];
  return new Map([
    ...(await Promise.all(
      answers.map(async ([who, path]) => [`${path} as ${nameOf(who, mallory)}`, (await get(who, path)).text] as const),
    )),
    ...(await Promise.all(pages.map(async (page) => [page, await (await fetch(page)).text()] as const))),
    ...(await Promise.all(
      commands.map(async (command) => {
        const { stdout, stderr } = await runCommand(command, { ...databaseSettings(), ...SETTINGS });
        return [command.join(" "), `${stdout}${stderr}`] as const;
      }),
    )),
    // The last one, so that it has what the others have led to.
    ["what the processes have written", platform.output()],
  ]);
}

const nameOf = (who: Client, mallory: Client) =>
  who === operator ? "operator" : who === mallory ? "mallory" : "guest";

/** What external servers are reached with; an embedded one makes its own. */
const SERVERS = ["DATABASE_URL", "REDIS_URL"] as const;
const databaseSettings = () =>
  Object.fromEntries(SERVERS.flatMap((each) => (process.env[each] ? [[each, process.env[each]]] : [])));
const passwords = () =>
  SERVERS.flatMap((each) => {
    const { password } = new URL(process.env[each] || "none://none");
    return password === "" ? [] : [decodeURIComponent(password)];
  });

function findings(all: ReadonlyMap<string, string>, values: readonly string[]): string[] {
  return [...all].flatMap(([what, text]) =>
    values.filter((value) => text.includes(value)).map((v) => `${v} in ${what}`),
  );
}

test("none of it is in any output, and the search finds what a bug prints on purpose", async () => {
  const all = await outputs();
  const written = all.get("what the processes have written") ?? "";
  for (const planted of ["planted: no way to", "planted: no payment with", "request.failed"])
    expect(written).toContain(planted);
  const secrets = [WEBHOOK_SECRET, KAFKA_PASSWORD, GARBAGE_TOKEN, ...signatures, ...passwords()];
  expect(findings(all, [...Object.values(PERSONAL), ...secrets])).toEqual([]);
  expect(findings(all, [PRINTED])).toEqual([`${PRINTED} in what the processes have written`]);
});

test("whom it is for still gets it: the owner, and an operator who opens a letter", async () => {
  const [delivery] = await alice.deliveries(orders.alice.id);
  expect(delivery?.address.line1).toBe(PERSONAL.otherLine1);
  const found = (await letters()).find(({ key }) => key === orders.carol.id);
  const { text } = await get(operator, `ops/deadletters/${encodeURIComponent(found?.id ?? "")}`);
  const opened = z.object({ fullError: z.string(), payload: z.unknown() }).parse(JSON.parse(text));
  expect(JSON.stringify(opened.payload)).toContain(line1);
  expect(opened.fullError).toContain("planted: no way to");
  for (const value of Object.values(PERSONAL)) expect(opened.fullError).not.toContain(value);
});
