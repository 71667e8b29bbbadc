import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { EmbeddedServer } from "../../../runtime/database/embedded.ts";
import { migrate } from "../../../runtime/database/migrate.ts";
import type { Database } from "../../../runtime/database/port.ts";
import { openDatabase } from "../../../runtime/database/postgres.ts";
import { startScratchServer } from "../../../runtime/database/scratch-server.fixture.ts";
import { NothingHappened } from "../../../runtime/messages/call.ts";
import { systemScheduler as scheduler } from "../../../runtime/scheduler.ts";
import { until } from "../../../runtime/until.fixture.ts";
import { payment } from "../index.ts";
import { createPaymentSimulator, type PaymentSimulator } from "./simulator.ts";
import type { Happening } from "./simulator-webhooks.ts";

setDefaultTimeout(30_000);

let server: EmbeddedServer;
let database: Database;
let simulator: PaymentSimulator;
let twin: PaymentSimulator;
const [side] = payment.sideSchemas;
const schema = side?.schema ?? "";
const signal = new AbortController().signal;
const clock = { now: () => Date.UTC(2026, 0, 31) };

/** What it has told, or was about to tell when nobody took it. */
const told: Happening[] = [];
let isTaken = true;
async function tell(happening: Happening): Promise<void> {
  told.push(happening);
  if (!isTaken) throw new Error("nobody takes it");
}

const logged: string[] = [];
const log = (_level: string, event: string) => void logged.push(event);

let orders = 0;
let order = "";
let key = "";

beforeAll(async () => {
  server = await startScratchServer();
  const modules = [{ name: schema, migrations: side?.migrations ?? [] }];
  await migrate({ url: server.url, modules, log: () => undefined, scheduler });
  database = openDatabase({ url: server.url, schema, role: `${schema}_app`, scheduler });
  simulator = createPaymentSimulator(database, clock, tell, log);
  twin = createPaymentSimulator(database, clock, tell, log);
});
beforeEach(() => {
  told.length = 0;
  isTaken = true;
  order = `order-${++orders}`;
  key = `${order}:auth:1`;
});
afterAll(async () => {
  await simulator?.close();
  await twin?.close();
  await database?.close();
  await server?.stop();
});

const authorise = (token = "tok_visa", by = simulator) =>
  by.authorise({ key, amount: 1000, currency: "USD", token }, signal);
const capture = (by = simulator, name = "capture:1") =>
  by.capture({ key: `${order}:${name}`, authorisation: key, amount: 1000, currency: "USD" }, signal);
const refund = (name: string, amount = 1000, by = simulator) =>
  by.refund({ key: `${order}:${name}`, authorisation: key, amount, currency: "USD" }, signal);
const voidIt = () => simulator.void(key, signal);
const inquire = () => simulator.inquire(key, signal);
const charges = async () => (await simulator.effectiveCharges?.([order]))?.get(order) ?? [];
const charge = (captured: number, refunded: number) => ({ key, amount: 1000, captured, refunded, currency: "USD" });

const YES = () => ({ result: "authorised" as const, reference: `sim_${key}` });
const CAPTURED = { result: "captured" as const };
const VOIDED = { result: "voided" as const };
const REFUNDED = { result: "refunded" as const };

describe("an authorisation", () => {
  test("is entered once, and is an effective charge", async () => {
    expect(await inquire()).toEqual({ result: "none" });
    const [first, ...others] = await Promise.all([authorise(), authorise(), authorise("tok_declined")]);
    for (const other of others) expect(other).toEqual(first);
    expect(await inquire()).toEqual(await authorise("tok_visa", twin));
    expect((await charges()).length).toBeLessThanOrEqual(1);
  });

  test.each([
    ["tok_declined", "declined"],
    ["tok_insufficient_funds", "insufficient_funds"],
    ["tok_of_nobody", "unknown_token"],
  ])("with %s is declined", async (token, detail) => {
    expect(await authorise(token)).toEqual({ result: "declined", detail });
    expect(await inquire()).toEqual({ result: "declined", detail });
    expect(await charges()).toEqual([]);
  });

  test("whose answer is lost has charged, or has not", async () => {
    const abort = new AbortController();
    const lost = simulator.authorise(
      { key, amount: 1000, currency: "USD", token: "tok_timeout_charged" },
      abort.signal,
    );
    lost.catch(() => undefined);
    await until("the charge is entered", async () => (await inquire()).result !== "none");
    abort.abort();
    await expect(lost).rejects.toThrow("given up");
    expect(await charges()).toEqual([charge(0, 0)]);
    key = `${order}:auth:2`;
    const never = simulator.authorise(
      { key, amount: 1000, currency: "USD", token: "tok_timeout_not_charged" },
      AbortSignal.timeout(10),
    );
    await expect(never).rejects.toThrow("given up");
    expect(await inquire()).toEqual({ result: "none" });
  });

  test("that finds the provider down has certainly not happened", async () => {
    await expect(authorise("tok_provider_down")).rejects.toBeInstanceOf(NothingHappened);
    expect(await inquire()).toEqual({ result: "none" });
  });

  test("that is voided charges no more; one that was voided before it came never does", async () => {
    await authorise();
    expect([await voidIt(), await voidIt()]).toEqual([VOIDED, VOIDED]);
    expect(await inquire()).toEqual(VOIDED);
    expect(await charges()).toEqual([]);
    key = `${order}:auth:2`;
    expect(await voidIt()).toEqual(VOIDED);
    expect(await authorise()).toEqual(VOIDED);
    expect(await charges()).toEqual([]);
  });
});

describe("a capture", () => {
  test("takes everything once, whatever its key, and cannot be voided", async () => {
    await authorise();
    expect(await Promise.all([capture(), capture(twin), capture(twin, "capture:2")])).toEqual([
      CAPTURED,
      CAPTURED,
      CAPTURED,
    ]);
    expect(await voidIt()).toEqual(CAPTURED);
    expect(await inquire()).toEqual(CAPTURED);
    expect(await charges()).toEqual([charge(1000, 0)]);
  });

  test("and a void that come together: one of them wins, and both say which", async () => {
    for (let n = 0; n < 20; n++) {
      key = `${order}:auth:${n}`;
      await authorise();
      const [taken, undone] = await Promise.all([capture(twin), voidIt()]);
      expect([
        ["captured", "captured"],
        ["refused", "voided"],
      ]).toContainEqual([taken.result, undone.result]);
    }
  });

  test("of what is not authorised is refused", async () => {
    const refused = { result: "refused" as const, detail: "not_authorised" };
    expect(await capture()).toEqual(refused);
    await authorise("tok_requires_action");
    expect(await capture()).toEqual(refused);
    await voidIt();
    expect(await capture()).toEqual(refused);
    expect(await charges()).toEqual([]);
  });

  test("can be refused, or find the provider down, by its token", async () => {
    expect(await authorise("tok_capture_refused")).toEqual(YES());
    expect(await capture()).toEqual({ result: "refused", detail: "capture_refused" });
    expect(await charges()).toEqual([charge(0, 0)]);
    key = `${order}:auth:2`;
    expect(await authorise("tok_capture_down")).toEqual(YES());
    await expect(capture()).rejects.toBeInstanceOf(NothingHappened);
    expect(await inquire()).toEqual(YES());
    expect(await voidIt()).toEqual(VOIDED);
  });
});

describe("a refund", () => {
  test("under one key happens once, also when it comes twice at once", async () => {
    await authorise();
    await capture();
    const together = await Promise.allSettled([refund("refund:1", 400), refund("refund:1", 400, twin)]);
    expect(together.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    expect(await refund("refund:1", 400)).toEqual(REFUNDED);
    expect(await charges()).toEqual([charge(1000, 400)]);
  });

  test("never gives back more than was captured, and a charge that went back in full is none", async () => {
    const tooMuch = { result: "refused" as const, detail: "more_than_was_captured" };
    await authorise();
    expect(await refund("refund:0")).toEqual(tooMuch);
    await capture();
    expect(await refund("refund:1", 400)).toEqual(REFUNDED);
    expect(await refund("refund:2", 601)).toEqual(tooMuch);
    const racing = await Promise.all([refund("refund:3", 600), refund("refund:4", 600, twin)]);
    expect(racing.map(({ result }) => result).sort()).toEqual(["refunded", "refused"]);
    expect(await charges()).toEqual([]);
    expect(await inquire()).toEqual(CAPTURED);
  });
});

describe("tok_requires_action", () => {
  const books = () => simulator.books;
  const WAITING = () => ({ result: "action_required" as const, url: `/api/v1/payments/simulator/${key}` });

  test("waits until its customer completes it, once and for all", async () => {
    expect(await authorise("tok_requires_action")).toEqual(WAITING());
    expect(await inquire()).toEqual(WAITING());
    expect(await charges()).toEqual([]);
    await books().act(key, true);
    await books().act(key, false);
    expect(await inquire()).toEqual(YES());
    expect(await authorise("tok_requires_action")).toEqual(YES());
    expect(await charges()).toEqual([charge(0, 0)]);
    expect(await books().find(key)).toEqual({ status: "authorised", amount: 1000, currency: "USD" });
  });

  test("is declined when its customer fails it, and void when that comes first", async () => {
    await authorise("tok_requires_action");
    await books().act(key, false);
    await books().act(key, true);
    expect(await inquire()).toEqual({ result: "declined", detail: "customer_action_failed" });
    key = `${order}:auth:2`;
    await authorise("tok_requires_action");
    await voidIt();
    await books().act(key, true);
    expect(await inquire()).toEqual(VOIDED);
    expect(await charges()).toEqual([]);
  });

  test("alone has a page", async () => {
    await authorise();
    expect(await books().find(key)).toBeUndefined();
    expect(await books().find(`${order}:auth:9`)).toBeUndefined();
  });
});

describe("what it tells by webhook", () => {
  const about = (type: Happening["type"], name: string): Happening => ({ type, key: name, authorisation: key });

  test("is what it has captured, refunded and had decided, each under the same name again", async () => {
    await authorise();
    await refund("refund:0");
    expect(told).toEqual([]);
    await capture();
    await refund("refund:1", 400);
    await refund("refund:1", 400, twin);
    const captureTold = about("capture.succeeded", `${order}:capture:1`);
    const refundTold = about("refund.succeeded", `${order}:refund:1`);
    expect(told).toEqual([captureTold, refundTold, refundTold]);
    key = `${order}:auth:2`;
    await authorise("tok_requires_action");
    told.length = 0;
    await simulator.books.act(key, true);
    await simulator.books.act(key, true);
    expect(told).toEqual([about("authorisation.decided", key), about("authorisation.decided", key)]);
  });

  test("need not be taken, but whoever acts on the page is to know", async () => {
    isTaken = false;
    await authorise();
    expect([await capture(), await refund("refund:1")]).toEqual([CAPTURED, REFUNDED]);
    expect(logged).toEqual(["webhook.not_taken", "webhook.not_taken"]);
    key = `${order}:auth:2`;
    await authorise("tok_requires_action");
    await expect(simulator.books.act(key, true)).rejects.toThrow("nobody takes it");
    expect(await inquire()).toEqual(YES());
  });
});
