/** The books of all modules agree; damage of each kind is found, named and gone when it is mended. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { basketOf, type Client, createClient, problemOf } from "./client.ts";
import { COUPON, CUSTOMER, KEEP, LIMITED_COUPONS, MEND, settledByHand } from "./damage.ts";
import { DAMAGES, type Damage, type Kind } from "./damages.ts";
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
beforeAll(async () => {
  // A parcel that comes back rests on its way.
  platform = await startTestPlatform({ CARRIER_RETURN_MS: "86400000" });
  operator = await platform.as("operator", "olga");
  alice = await platform.customer(CUSTOMER);
  await orderOf("sold");
  await orderOf("refused");
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

/** What is asked of an order until it stands so, and its status then. */
const WAYS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  cancelled: ["cancel"],
  shipped: ["dispatch"],
  delivered: ["dispatch", "deliver"],
  returned: ["dispatch", "deliver", "return"],
  returning: ["dispatch", "fail", "fail", "fail"],
};
const ENDS: Readonly<Partial<Record<Kind, string>>> = {
  cancelled: "CANCELLED",
  shipped: "SHIPPED",
  returned: "RETURNED",
  returning: "RETURNING",
};

/** A new order that has come to stand like this. */
async function orderOf(kind: Kind, couponCode?: string): Promise<string> {
  const hasCoupon = kind === "cancelled" || kind === "sold with a coupon";
  const token = kind === "refused" ? "tok_declined" : "tok_visa";
  const coupon = hasCoupon ? { couponCode: couponCode ?? COUPON } : {};
  const { id } = await alice.place({ ...basketOf("SKU-001", 2, token), ...coupon }, { wait: 20 });
  await alice.until(id, kind === "refused" ? "REJECTED" : "FULFILLING");
  const ask = async (what: string, body?: object) => {
    const { status, text } = await operator.ask(what, body);
    if (status >= 300) throw new Error(`${what}: ${status} ${text}`);
  };
  const steps = WAYS[kind] ?? [];
  if (steps.includes("cancel")) await ask(`orders/${id}/cancel`);
  const [delivery] = await alice.deliveries(id);
  for (const step of steps.filter((each) => each !== "cancel" && each !== "return"))
    await ask(`deliveries/${delivery?.id}/${step}`);
  if (steps.includes("deliver")) await alice.until(id, "DELIVERED");
  if (steps.includes("return")) await ask(`orders/${id}/returns`, { reason: "it does not fit" });
  const end = ENDS[kind];
  if (end !== undefined) await alice.until(id, end);
  return id;
}

describe("damage is found", () => {
  const found = new Map<string, readonly string[]>();
  const subjects = new Map<Damage, string>();
  let exitCode: number;
  let settled: string;

  beforeAll(async () => {
    for (const code of LIMITED_COUPONS) {
      const terms = { code, kind: "percentage", value: 10, totalLimit: 5, perCustomerLimit: 1 };
      expect((await operator.ask("pricing/coupons", terms)).status).toBe(201);
      await orderOf("sold with a coupon", code);
    }
    const ids = await Promise.all(DAMAGES.map(({ to }) => (to === null ? "" : orderOf(to))));
    settled = await orderOf("cancelled");
    await untilQuiet();
    expect(await reconcile()).toMatchObject({ ok: true, violations: [] });
    await platform.sql(KEEP);
    await platform.sql(settledByHand(settled));
    for (const [index, damage] of DAMAGES.entries()) {
      subjects.set(damage, damage.subject ?? `order ${ids[index]}`);
      await platform.sql(damage.harm(ids[index] ?? ""));
    }
    const { ok, violations, checked } = await reconcile();
    expect([ok, checked.violations]).toEqual([false, violations.length]);
    for (const { invariant, subject, detail } of violations)
      found.set(subject, [...(found.get(subject) ?? []), `${invariant}: ${detail}`]);
    const { code, stdout } = await cli();
    exitCode = code;
    for (const subject of subjects.values()) expect(stdout).toContain(`  ${subject}: `);
    await platform.sql(MEND);
  });

  test.each(DAMAGES.map((damage) => [damage.invariant, damage.name, damage] as const))(
    "%s: %s",
    (invariant, _name, damage) => {
      const said = found.get(subjects.get(damage) ?? "") ?? [];
      expect(said.filter((each) => each.startsWith(`${invariant}: `) && each.includes(damage.says))).not.toEqual([]);
    },
  );

  test("money that an operator has settled by hand is no violation", () => {
    expect(found.get(`order ${settled}`)).toBeUndefined();
  });

  test("nothing else is named, the command fails, and all is well again when it is mended", async () => {
    const others = [...found.keys()].filter((subject) => ![...subjects.values()].includes(subject));
    // What orders no longer hold is missing where it was counted.
    expect(others.sort()).toEqual(["coupon SHIPFREE", `coupon ${COUPON}`, "stock SKU-001 in main"]);
    expect(exitCode).toBe(1);
    expect(await reconcile()).toMatchObject({ ok: true, violations: [] });
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
  const before = (await reconcile()).checked.orders;
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
  expect((await reconcile()).checked.orders).toBe(before + 96);
}, 60_000);
