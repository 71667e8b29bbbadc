/** The same request twice is one order, whatever happens in between. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import * as z from "zod";
import { type Answer, basketOf, type Client, createClient, eventually, problemOf } from "./client.ts";
import { startTestPlatform, type TestPlatform, tokenOf } from "./platform.ts";

let platform: TestPlatform;
let alice: Client;

beforeAll(async () => {
  platform = await startTestPlatform();
  alice = await platform.customer("alice");
});
afterAll(() => platform.stop());

const shown = z.object({ id: z.uuid(), status: z.string() });
const orderOf = (answer: Answer) => shown.parse(JSON.parse(answer.text));
const idOf = (answer: Answer) => orderOf(answer).id;
const body = JSON.stringify(basketOf("SKU-001", 1));
const reservedOf = async (sku: string) => (await alice.stock(sku)).reserved;

/** What a repetition must have in common with the first answer. */
const identity = (answer: Answer) => [answer.status, answer.headers.get("location"), idOf(answer)];

describe("a repeated request", () => {
  test("gets the first order, also when that has moved on: status, Location and id", async () => {
    const key = crypto.randomUUID();
    const before = await reservedOf("SKU-001");
    const first = await alice.post(body, { key });
    expect(identity(first)).toEqual([201, `/api/v1/orders/${idOf(first)}`, idOf(first)]);
    await alice.until(idOf(first), "FULFILLING");
    const second = await alice.post(body, { key });
    expect(identity(second)).toEqual(identity(first));
    expect(orderOf(second).status).toBe("FULFILLING");
    expect(await reservedOf("SKU-001")).toBe(before + 1);
  });

  test("gets an order that was refused, as refused", async () => {
    const key = crypto.randomUUID();
    const declined = JSON.stringify(basketOf("SKU-001", 1, "tok_declined"));
    const first = await alice.post(declined, { key, wait: 10 });
    expect(orderOf(first).status).toBe("REJECTED");
    const second = await alice.post(declined, { key });
    expect([identity(second), orderOf(second).status]).toEqual([identity(first), "REJECTED"]);
  });

  test("waits as it prefers itself, not as the first one did", async () => {
    const [patient, hasty] = [crypto.randomUUID(), crypto.randomUUID()];
    const first = await alice.post(body, { key: hasty });
    expect(orderOf(first).status).toBe("PENDING");
    const waited = await alice.post(body, { key: hasty, wait: 20 });
    expect(identity(waited)).toEqual(identity(first));
    expect(["CONFIRMED", "FULFILLING"]).toContain(orderOf(waited).status);

    // No answer comes from this provider for half a minute: whoever waits, waits for the whole time.
    const slow = JSON.stringify(basketOf("SKU-001", 1, "tok_timeout_charged"));
    const held = await alice.post(slow, { key: patient, wait: 3 });
    const startedMs = performance.now();
    const unheld = await alice.post(slow, { key: patient });
    expect(performance.now() - startedMs).toBeLessThan(2_900);
    expect(identity(unheld)).toEqual(identity(held));
    expect(orderOf(unheld).status).toBe("RESERVED");
  });

  test.each([
    ["another quantity", JSON.stringify(basketOf("SKU-001", 2))],
    ["the same JSON with blanks", JSON.stringify(basketOf("SKU-001", 1), null, 1)],
    ["the same JSON with a newline after it", `${body}\n`],
    ["the same JSON in another order", JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body)).reverse()))],
    ["the same JSON with an escape", body.replace("Alice", "\\u0041lice")],
    ["a basket that nobody sells", JSON.stringify(basketOf("SKU-999", 1))],
  ])("with other bytes is 422, and changes nothing: %s", async (_what, other) => {
    const key = crypto.randomUUID();
    const first = await alice.post(body, { key });
    await alice.until(idOf(first), "FULFILLING");
    const before = await alice.stock("SKU-001");
    const answer = await alice.post(other, { key });
    expect([answer.status, problemOf(answer).type]).toEqual([422, "/problems/idempotency-key-reused"]);
    expect(await alice.stock("SKU-001")).toEqual(before);
    expect(identity(await alice.post(body, { key }))).toEqual(identity(first));
  });
});

describe("twins at once", () => {
  test("are one order, fifty of them", async () => {
    const key = crypto.randomUUID();
    const before = await reservedOf("SKU-002");
    const twin = JSON.stringify(basketOf("SKU-002", 1));
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => alice.post(twin, { key, ...(index % 2 ? { wait: 10 } : {}) })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const ids = new Set(answers.map(idOf));
    expect(ids.size).toBe(1);
    for (const id of ids) await alice.until(id, "FULFILLING");
    expect(await reservedOf("SKU-002")).toBe(before + 1);
  });

  test("with different bodies are one order: one body wins, the others are told", async () => {
    for (let round = 0; round < 5; round++) {
      const key = crypto.randomUUID();
      const before = await reservedOf("SKU-003");
      const bodies = [1, 2, 3, 4].map((quantity) => JSON.stringify(basketOf("SKU-003", quantity)));
      const answers = await Promise.all(
        Array.from({ length: 24 }, async (_, index) => ({
          quantity: (index % 4) + 1,
          answer: await alice.post(bodies[index % 4] ?? "", { key }),
        })),
      );
      const won = answers.filter(({ answer }) => answer.status === 201);
      expect(new Set(won.map(({ answer }) => idOf(answer))).size).toBe(1);
      expect(new Set(won.map(({ quantity }) => quantity)).size).toBe(1);
      // Every twin of the winner has its answer, all others have been told.
      expect(won).toHaveLength(6);
      for (const { answer } of answers.filter((each) => !won.includes(each))) {
        expect([409, 422]).toContain(answer.status);
        problemOf(answer);
      }
      const [winner] = won;
      if (winner) await alice.until(idOf(winner.answer), "FULFILLING");
      expect(await reservedOf("SKU-003")).toBe(before + (winner?.quantity ?? 0));
    }
  });
});

test("another caller's key of the same name is another key", async () => {
  const key = crypto.randomUUID();
  const bob = await platform.customer("bob");
  const [hers, his] = await Promise.all([alice.post(body, { key }), bob.post(body, { key })]);
  expect([hers.status, his.status]).toEqual([201, 201]);
  expect(idOf(hers)).not.toBe(idOf(his));
  expect((await bob.order(idOf(his))).customerId).toBe("bob");
  // A new token of the same caller is the same caller.
  expect(identity(await (await platform.customer("alice")).post(body, { key }))).toEqual(identity(hers));
});

const post = (client: Client, headers: Readonly<Record<string, string>>, text = body) =>
  client.send({ method: "POST", path: "/api/v1/orders", body: text, headers });
const json = { "content-type": "application/json" };

test.each([
  ["400", 400, (key: string) => alice.post(JSON.stringify(basketOf("SKU-001", 0)), { key })],
  ["400 for bad JSON", 400, (key: string) => alice.post("{", { key })],
  ["401", 401, (key: string) => createClient(platform.process.url, "not.a.token").post(body, { key })],
  ["403", 403, async (key: string) => (await platform.as("operator", "alice")).post(body, { key })],
  ["413", 413, (key: string) => alice.post(`${body}${" ".repeat(1024 * 1024)}`, { key })],
  ["415", 415, (key: string) => post(alice, { "content-type": "text/plain", "idempotency-key": key })],
  ["422", 422, (key: string) => alice.post(JSON.stringify(basketOf("SKU-999", 1)), { key })],
] as const)("a request that is refused with %s leaves its key free", async (_what, status, refuse) => {
  const key = crypto.randomUUID();
  const before = await reservedOf("SKU-004");
  for (let n = 0; n < 2; n++) expect((await refuse(key)).status).toBe(status);
  const good = JSON.stringify(basketOf("SKU-004", 1));
  const first = await alice.post(good, { key });
  expect(first.status).toBe(201);
  expect(identity(await alice.post(good, { key }))).toEqual(identity(first));
  await alice.until(idOf(first), "FULFILLING");
  expect(await reservedOf("SKU-004")).toBe(before + 1);
});

describe("an Idempotency-Key", () => {
  test("that is missing is a 400 that says what to do", async () => {
    const answer = await post(alice, json);
    expect(answer.status).toBe(400);
    const [error] = problemOf(answer).errors ?? [];
    expect(error?.field).toBe("header.Idempotency-Key");
    expect(error?.message).toContain("is required: make one for each new request");
  });

  test.each([
    ["nothing", ""],
    ["a blank inside", "a key"],
    ["a tab inside", "a\tkey"],
    ["256 characters", "k".repeat(256)],
    ["more than ASCII", "schl\u00fcssel"],
  ])("of %s is a 400 that says what it may be", async (_what, key) => {
    const answer = await post(alice, { ...json, "idempotency-key": key });
    expect(answer.status).toBe(400);
    expect(problemOf(answer).errors?.[0]).toEqual({
      field: "header.Idempotency-Key",
      message: "must be 1 to 255 visible ASCII characters without spaces",
    });
  });

  test("of 255 characters, with quotation marks and percent signs, is one", async () => {
    const key = `"%00'${"k".repeat(250)}`;
    expect(key).toHaveLength(255);
    const first = await alice.post(body, { key });
    expect(identity(await alice.post(body, { key }))).toEqual(identity(first));
    const neighbour = await alice.post(body, { key: key.slice(0, -1) });
    expect(idOf(neighbour)).not.toBe(idOf(first));
  });
});

/** Writes a request over a bare connection and hangs up without reading; `length` cuts the body off. */
async function sendAndLeave(text: string, key: string, length = text.length): Promise<void> {
  const token = await tokenOf(platform.dataDir, "customer", "alice");
  const head = [
    "POST /api/v1/orders HTTP/1.1",
    "Host: 127.0.0.1",
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${text.length}`,
    `Idempotency-Key: ${key}`,
    "Prefer: wait=20",
  ];
  await new Promise<void>((resolve, reject) => {
    const socket = connect(platform.process.port, "127.0.0.1", () => {
      socket.write(`${head.join("\r\n")}\r\n\r\n${text.slice(0, length)}`, () =>
        setTimeout(() => socket.destroy(), 20),
      );
    });
    socket.once("close", () => resolve());
    socket.once("error", reject);
  });
}

describe("a client that goes away", () => {
  test("after its request finds its order when it comes again", async () => {
    const twin = JSON.stringify(basketOf("SKU-005", 1));
    const before = await reservedOf("SKU-005");
    const keys = Array.from({ length: 10 }, () => crypto.randomUUID());
    await Promise.all(keys.map((key) => sendAndLeave(twin, key)));
    await eventually(
      () => reservedOf("SKU-005"),
      (reserved) => reserved === before + keys.length,
    );
    const answers = await Promise.all(keys.map((key) => alice.post(twin, { key, wait: 10 })));
    expect(new Set(answers.map(idOf)).size).toBe(keys.length);
    for (const answer of answers) await alice.until(idOf(answer), "FULFILLING");
    expect(await reservedOf("SKU-005")).toBe(before + keys.length);
  });

  test("in the middle of its request has ordered nothing, and its key is free", async () => {
    const twin = JSON.stringify(basketOf("SKU-006", 2));
    const key = crypto.randomUUID();
    const before = await reservedOf("SKU-006");
    await sendAndLeave(twin, key, twin.length - 1);
    const other = await alice.post(JSON.stringify(basketOf("SKU-006", 1)), { key, wait: 10 });
    expect(other.status).toBe(201);
    await alice.until(idOf(other), "FULFILLING");
    expect(await reservedOf("SKU-006")).toBe(before + 1);
  });
});

test("kill -9 after the commit and before the answer: the repetition after the restart gets that order", async () => {
  const key = crypto.randomUUID();
  // The provider answers late, so the order is long committed while its answer is still held back.
  const twin = JSON.stringify(basketOf("SKU-007", 1, "tok_timeout_charged"));
  const before = await reservedOf("SKU-007");
  const lost = alice.post(twin, { key, wait: 20 }).then(
    (answer) => `answered ${answer.status}`,
    () => "lost",
  );
  const id = idOf(await alice.post(twin, { key }));
  // The provider has been asked: asked only after the restart, it would keep the order waiting for half a minute.
  expect(
    await eventually(
      () => alice.payments(id),
      (payments) => payments.length === 1,
    ),
  ).toHaveLength(1);
  const killedMs = Date.now();
  await platform.process.kill("process");
  // Whoever stands in front of the process says that it is gone.
  expect(["lost", "answered 503"]).toContain(await lost);
  await platform.restart();
  alice = await platform.customer("alice");
  const again = await alice.place(JSON.parse(twin), { key });
  expect(again.id).toBe(id);
  expect(Date.parse(again.createdAt)).toBeLessThan(killedMs);
  await alice.until(again.id, "FULFILLING", 20_000);
  expect(await reservedOf("SKU-007")).toBe(before + 1);
  expect(await alice.payments(again.id)).toHaveLength(1);
}, 60_000);
