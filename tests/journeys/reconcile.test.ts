/** The books of all modules agree; damage of each kind is found, named and gone when it is mended. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { basketOf, type Client, createClient, problemOf } from "./client.ts";
import { startTestPlatform, type TestPlatform, tokenOf } from "./platform.ts";
import { runCommand } from "./process.ts";

const reconciliation = z.object({
  ok: z.boolean(),
  violations: z.array(z.object({ invariant: z.string(), subject: z.string(), detail: z.string() })),
  checkedAt: z.iso.datetime(),
  checked: z.object({ orders: z.int(), inFlight: z.int(), parked: z.int(), stocks: z.int(), violations: z.int() }),
});

let platform: TestPlatform;
let operator: Client;
let alice: Client;
/** A fulfilled order, and one that was refused after its stock had been reserved. */
let sold: string;
let refused: string;

beforeAll(async () => {
  platform = await startTestPlatform();
  operator = await platform.as("operator", "olga");
  alice = await platform.customer("alice");
  sold = (await alice.place(basketOf("SKU-001", 2), { wait: 20 })).id;
  refused = (await alice.place(basketOf("SKU-002", 1, "tok_declined"), { wait: 20 })).id;
  await alice.until(sold, "FULFILLING");
  await alice.until(refused, "REJECTED");
  await untilQuiet();
});
afterAll(() => platform.stop());

async function reconcile(): Promise<z.infer<typeof reconciliation>> {
  const answer = await operator.send({ method: "GET", path: "/api/v1/ops/reconcile" });
  expect([answer.status, answer.text.slice(0, 500)]).toEqual([200, expect.any(String)]);
  return reconciliation.parse(JSON.parse(answer.text));
}

/** What follows a refusal is undone by and by. */
async function untilQuiet() {
  for (let tries = 0; tries < 100; tries++) {
    if ((await reconcile()).checked.inFlight === 0) return;
    await Bun.sleep(100);
  }
  throw new Error("orders are still in flight");
}

const cli = (...args: string[]) =>
  runCommand(["reconcile", "--url", platform.process.url, "--data", platform.dataDir, ...args]);

test("all books agree, over the API and on the command line", async () => {
  expect(await reconcile()).toMatchObject({ ok: true, violations: [], checked: { orders: 2, parked: 0, stocks: 20 } });
  const { code, stdout } = await cli();
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining("2 orders (0 in flight, 0 parked), 20 stocks, 0 violations"),
  ]);
});

test("for operators with the scope alone", async () => {
  const ask = (client: Client) => client.send({ method: "GET", path: "/api/v1/ops/reconcile" });
  expect((await ask(platform.guest())).status).toBe(401);
  expect((await ask(alice)).status).toBe(403);
  const narrow = await tokenOf(platform.dataDir, "operator", "nora", ["payment:read"]);
  expect(problemOf(await ask(createClient(platform.process.url, narrow))).detail).toContain("ops:read");
});

test("the command says what to do when nobody answers, and when its token is not accepted", async () => {
  const away = await runCommand(["reconcile", "--url", "http://127.0.0.1:9", "--data", platform.dataDir]);
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining("start the platform")]);
  const stranger = await runCommand(["reconcile", "--url", platform.process.url, "--token", "not-a-token"]);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining("--token")]);
  expect((await runCommand(["reconcile", "--url", "shop"])).code).toBe(2);
});

interface Damage {
  readonly name: string;
  readonly invariant: string;
  readonly subject: () => string;
  readonly harm: () => string;
  readonly mend: () => string;
}

const order = (id: () => string) => () => `order ${id()}`;
const isSold = order(() => sold);

/** Rows that damage takes away are kept beside, and put back. */
const without = (table: string, where: () => string) => ({
  harm: () =>
    `create table public.kept as select * from ${table} where ${where()}; delete from ${table} where ${where()}`,
  mend: () => `insert into ${table} select * from public.kept; drop table public.kept`,
});
const changed = (table: string, change: string, back: string, where: () => string) => ({
  harm: () => `update ${table} set ${change} where ${where()}`,
  mend: () => `update ${table} set ${back} where ${where()}`,
});
const added = (table: string, columns: string, values: () => string, where: string) => ({
  harm: () => `insert into ${table} (${columns}) values (${values()})`,
  mend: () => `delete from ${table} where ${where}`,
});

const DAMAGES: readonly Damage[] = [
  {
    name: "units vanish from the shelf",
    invariant: "stock",
    subject: () => "stock SKU-001 in main",
    ...changed("inventory.stock", "on_hand = on_hand - 3", "on_hand = on_hand + 3", () => "sku = 'SKU-001'"),
  },
  {
    name: "units are reserved for nobody",
    invariant: "stock",
    subject: () => "stock SKU-003 in main",
    ...changed("inventory.stock", "reserved = reserved + 1", "reserved = reserved - 1", () => "sku = 'SKU-003'"),
  },
  {
    name: "a movement is lost",
    invariant: "stock",
    subject: () => "stock SKU-001 in main",
    ...without("inventory.movement", () => `order_id = '${sold}'`),
  },
  {
    name: "a stock row is lost",
    invariant: "stock",
    subject: () => "stock SKU-005 in main",
    ...without("inventory.stock", () => "sku = 'SKU-005'"),
  },
  {
    name: "a sold order's stock was given back",
    invariant: "stock",
    subject: isSold,
    ...changed("inventory.reservation", "status = 'RELEASED'", "status = 'FIRM'", () => `order_id = '${sold}'`),
  },
  {
    name: "a second charge",
    invariant: "money",
    subject: isSold,
    ...added(
      "payment_simulator.charge",
      "key, status, detail, amount, currency, at",
      () => `'${sold}:auth:2', 'authorised', 'planted', 3780, 'USD', '2026-01-01Z'`,
      "detail = 'planted'",
    ),
  },
  {
    name: "a charge that is gone from the provider's books",
    invariant: "money",
    subject: isSold,
    ...without("payment_simulator.charge", () => `key like '${sold}:%'`),
  },
  {
    name: "a refused order is charged",
    invariant: "money",
    subject: order(() => refused),
    ...changed("payment.payment", "authorised = amount", "authorised = 0", () => `order_id = '${refused}'`),
  },
  {
    name: "more captured than authorised",
    invariant: "money",
    subject: isSold,
    ...changed("payment.payment", "captured = authorised + 1", "captured = 0", () => `order_id = '${sold}'`),
  },
  {
    name: "less than nothing was refunded",
    invariant: "money",
    subject: isSold,
    ...changed("payment.payment", "refunded = -1", "refunded = 0", () => `order_id = '${sold}'`),
  },
  {
    name: "an order's total is not what its lines say",
    invariant: "money",
    subject: isSold,
    ...changed('"order".orders', "subtotal = subtotal + 1", "subtotal = subtotal - 1", () => `id = '${sold}'`),
  },
  {
    name: "a payment is lost",
    invariant: "money",
    subject: isSold,
    ...without("payment.payment", () => `order_id = '${sold}'`),
  },
  {
    name: "an acknowledged order is lost",
    invariant: "orders",
    subject: isSold,
    ...without('"order".orders', () => `id = '${sold}'`),
  },
  {
    name: "an order that nothing moves on",
    invariant: "orders",
    subject: isSold,
    ...changed('"order".orders', "status = 'CONFIRMED'", "status = 'FULFILLING'", () => `id = '${sold}'`),
  },
  {
    name: "a hole in a history",
    invariant: "orders",
    subject: isSold,
    ...without('"order".history', () => `order_id = '${sold}' and sequence = 2`),
  },
  {
    name: "a deadline that passed unheard",
    invariant: "orders",
    subject: isSold,
    ...added(
      '"order".timer',
      "shard, key, kind, due_at",
      // No shard that is held, so that nobody fires it.
      () => `77, '${sold}', 'placement-deadline', '2026-01-01Z'`,
      "shard = 77",
    ),
  },
  {
    name: "a shipment is lost",
    invariant: "once",
    subject: isSold,
    ...without("delivery.shipment", () => `order_id = '${sold}'`),
  },
  {
    name: "a refused order is shipped",
    invariant: "once",
    subject: order(() => refused),
    harm: () =>
      `insert into delivery.shipment select '${refused}', gen_random_uuid(), customer_id, status, address, lines, created_at, updated_at, version, '{"in":{},"out":{}}' from delivery.shipment where order_id = '${sold}'`,
    mend: () => `delete from delivery.shipment where order_id = '${refused}'`,
  },
  {
    name: "somebody was told twice",
    invariant: "once",
    subject: isSold,
    harm: () =>
      `update notification.order_notices set notices = (notices::jsonb || notices::jsonb)::json where order_id = '${sold}'`,
    mend: () =>
      `update notification.order_notices set notices = jsonb_build_array(notices::jsonb->0)::json where order_id = '${sold}'`,
  },
  {
    name: "a message that was never handled",
    invariant: "sequence",
    subject: isSold,
    ...mark(-1, +1),
  },
  {
    name: "a message that was handled and never sent",
    invariant: "sequence",
    subject: isSold,
    ...mark(+1, -1),
  },
  {
    name: "a dead letter of a message that nobody sent",
    invariant: "agreement",
    subject: isSold,
    ...letter(() => "9, 'threw'"),
  },
  {
    name: "a dead letter behind nothing",
    invariant: "agreement",
    subject: isSold,
    ...letter(() => "9, 'behind'"),
  },
  {
    name: "an outbox row where nobody looks",
    invariant: "agreement",
    subject: isSold,
    ...outboxRow(1),
  },
  {
    name: "a call where nobody looks",
    invariant: "agreement",
    subject: isSold,
    ...added(
      "payment.call_intent",
      "shard, id, key, kind, request",
      () => `77, '01900000-0000-7000-8000-000000000001', '${sold}', 'void', '{}'`,
      "shard = 77",
    ),
  },
  {
    name: "an outbox row that nobody numbered",
    invariant: "agreement",
    subject: isSold,
    ...outboxRow(8),
  },
];

/** Moves delivery's mark of the sold order's commands. */
function mark(harm: number, mend: number): Pick<Damage, "harm" | "mend"> {
  const by = (step: number) =>
    `update delivery.shipment set positions = jsonb_set(positions::jsonb, '{in,genai-demo.delivery.commands.v1}',
      to_jsonb((positions::jsonb#>>'{in,genai-demo.delivery.commands.v1}')::int + ${step}))::json where order_id = '${sold}'`;
  return { harm: () => by(harm), mend: () => by(mend) };
}

function outboxRow(sequence: number): Pick<Damage, "harm" | "mend"> {
  return added(
    '"order".outbox',
    "shard, key, topic, sequence, message",
    () => `77, '${sold}', 'genai-demo.delivery.commands.v1', ${sequence}, '{}'`,
    "shard = 77",
  );
}

function letter(values: () => string): Pick<Damage, "harm" | "mend"> {
  return {
    harm: () =>
      `insert into delivery.dead_letter (key, source, sequence, reason, error, message, parked_at)
        values ('${sold}', 'genai-demo.delivery.commands.v1', ${values()}, 'planted', '{}', '2026-01-01Z')`,
    mend: () => "delete from delivery.dead_letter where error = 'planted'",
  };
}

describe("damage is found", () => {
  test.each(DAMAGES.map((damage) => [damage.invariant, damage.name, damage] as const))(
    "%s: %s",
    async (invariant, _name, damage) => {
      await platform.sql(damage.harm());
      try {
        const found = await reconcile();
        expect(found.ok).toBe(false);
        expect(found.violations.map((each) => `${each.invariant} ${each.subject}`)).toContain(
          `${invariant} ${damage.subject()}`,
        );
        expect(found.checked.violations).toBe(found.violations.length);
      } finally {
        await platform.sql(damage.mend());
      }
      expect(await reconcile()).toMatchObject({ ok: true, violations: [] });
    },
  );

  test("and the command lists it and fails", async () => {
    await platform.sql("update inventory.stock set on_hand = on_hand - 1 where sku = 'SKU-007'");
    try {
      const { code, stdout } = await cli();
      expect(code).toBe(1);
      expect(stdout).toContain("stock  stock SKU-007 in main: 499 on hand");
    } finally {
      await platform.sql("update inventory.stock set on_hand = on_hand + 1 where sku = 'SKU-007'");
    }
  });
});

test("a letter whose key can be no order's is no obstacle", async () => {
  await platform.sql(`insert into delivery.dead_letter (key, source, sequence, reason, error, message, parked_at)
    values ('not-an-order', 'genai-demo.delivery.commands.v1', 1, 'threw', 'planted', '{}', '2026-01-01Z')`);
  try {
    expect(await reconcile()).toMatchObject({ ok: true, violations: [], checked: { parked: 1 } });
  } finally {
    await platform.sql("delete from delivery.dead_letter where key = 'not-an-order'");
  }
});

test("while orders come in, those under way are no violations", async () => {
  const buyers = await Promise.all(Array.from({ length: 8 }, (_, index) => platform.customer(`buyer-${index}`)));
  let done = false;
  const buying = Promise.all(
    buyers.map(async (buyer) => {
      for (let index = 0; index < 12; index++) await buyer.place(basketOf("SKU-009", 1), { wait: 20 });
    }),
  ).finally(() => {
    done = true;
  });
  let sawOrdersInFlight = false;
  do {
    const { ok, violations, checked } = await reconcile();
    expect([ok, violations]).toEqual([true, []]);
    sawOrdersInFlight ||= checked.inFlight > 0;
  } while (!done);
  await buying;
  expect(sawOrdersInFlight).toBe(true);
  await untilQuiet();
  expect((await reconcile()).checked.orders).toBe(98);
}, 60_000);
