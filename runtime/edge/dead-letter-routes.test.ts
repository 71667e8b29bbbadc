import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as z from "zod";
import { systemClock } from "../clock.ts";
import { migrate } from "../database/migrate.ts";
import type { Database } from "../database/port.ts";
import { openDatabase } from "../database/postgres.ts";
import { startScratchServer } from "../database/scratch-server.fixture.ts";
import { createApp, handlerOf } from "../http/app.ts";
import { mountRoutes } from "../http/mount.ts";
import type { Principal } from "../identity/principal.ts";
import { createIds } from "../ids.ts";
import { deadLetterHandlers } from "../messages/dead-letter-rpc.ts";
import { coreMigrations } from "../messages/migrations.ts";
import { createLetterRelease } from "../messages/release-letters.ts";
import { systemRandom } from "../random.ts";
import { createDirectRpc } from "../rpc/direct.ts";
import type { RpcHandler } from "../rpc/port.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const MODULES = ["delivery", "order", "payment", "pricing"];
const TOPIC = "genai-demo.order.events.v1";
const NOW = Date.UTC(2026, 4, 1);
const ids = createIds(systemClock, systemRandom());

let server: Awaited<ReturnType<typeof startScratchServer>>;
const databases = new Map<string, Database>();
const logged: unknown[] = [];
const errors: unknown[] = [];

beforeAll(async () => {
  server = await startScratchServer();
  // The last one has no messages, so no tables of the message core either.
  const modules = MODULES.slice(0, 3).map((name) => ({ name, migrations: coreMigrations }));
  await migrate({ url: server.url, modules, log: () => undefined });
  for (const { name } of modules)
    databases.set(name, openDatabase({ url: server.url, schema: name, role: `${name}_app`, scheduler }));
});
afterAll(async () => {
  for (const database of databases.values()) await database.close();
  await server?.stop();
});
beforeEach(async () => {
  for (const database of databases.values())
    for (const table of ["dead_letter", "timer"]) await database.query({ text: `delete from ${table}`, params: [] });
});

const handlersOf = (module: string): readonly RpcHandler[] => {
  const database = databases.get(module);
  if (!database) return deadLetterHandlers(module, undefined);
  const release = createLetterRelease({
    module,
    // Any key will do.
    aggregate: { load: (keys) => ({ text: "select 1 where $1::text is null", params: [keys[0] ?? null] }) },
    database,
    clock: systemClock,
    scheduler,
    log: (_level, event, fields) => logged.push({ event, fields }),
    letGo: (letters) => letters.forEach(({ settle }) => void settle()),
    putBack: () => undefined,
    answerWithinMs: 50,
  });
  return deadLetterHandlers(module, { database, release: () => release });
};

const person = (role: Principal["role"], scopes: string[]): Principal => ({
  subject: "olga",
  role,
  scopes,
  issuer: "test",
  expiresAtMs: 0,
});
const PEOPLE: Readonly<Record<string, Principal>> = {
  customer: person("customer", []),
  reader: person("operator", ["ops:read"]),
  operator: person("operator", ["ops:*"]),
};

/** What the tests look at; all of it is kept. */
const bodySchema = z.looseObject({
  items: z.array(z.looseObject({ id: z.string() })).optional(),
  nextCursor: z.string().nullish(),
  type: z.string().optional(),
  detail: z.string().optional(),
});
const idsOf = ({ items = [] }: z.infer<typeof bodySchema>) => items.map(({ id }) => id);

/** Calls the routes of a platform some of whose modules are away. */
function edge(away: readonly string[] = []) {
  const handlers = MODULES.filter((module) => !away.includes(module)).flatMap(handlersOf);
  const http = {
    ids,
    scheduler,
    bodyTimeoutMs: 500,
    checkReplies: true,
    onError: (error: unknown) => errors.push(error),
  };
  const app = createApp(http);
  const verifier = {
    verify: (token: string) => {
      const principal = PEOPLE[token];
      return principal
        ? { ok: true as const, principal }
        : { ok: false as const, reason: "invalid" as const, detail: "" };
    },
  };
  mountRoutes(
    app,
    deadLetterRoutes({ rpc: createDirectRpc(handlers, scheduler), modules: MODULES, clock: systemClock }),
    {
      ...http,
      verifier,
    },
  );
  const handle = handlerOf(app);
  return async (path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await handle(
      new Request(`http://shop.test/api/v1/ops/deadletters${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: "Bearer operator", "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    return { status: response.status, headers: response.headers, body: bodySchema.parse(await response.json()) };
  };
}

async function park(
  module: string,
  key: string,
  sequence: number,
  parkedAtMs = NOW,
  source = TOPIC,
  message?: unknown,
) {
  const envelope = {
    topic: source,
    key,
    sequence,
    type: "OrderConfirmed",
    data: '{"name":"Alice"}',
    correlationId: "c",
  };
  await databases.get(module)?.query({
    text: `insert into dead_letter (key, source, sequence, reason, error, message, parked_at)
      values ($1, $2, $3::integer, 'threw', $4, $5, $6::text::timestamptz)`,
    params: [
      key,
      source,
      sequence,
      "TypeError: a bug\nin two lines\n    at decide (file.ts:1:1)",
      JSON.stringify(message ?? envelope),
      new Date(parkedAtMs).toISOString(),
    ],
  });
}
const idOf = (module: string, key: string, sequence: number) => `${module}:${key}:${TOPIC}:${sequence}`;
const parkTimer = (key: string) => park("order", key, 0, NOW, "timer:deadline", { key, kind: "deadline", dueMs: NOW });

describe("the list", () => {
  test("holds the letters of all modules in one order, whatever the size of its pages", async () => {
    // The same moment in several modules and keys: the order is still total.
    const expected: string[] = [];
    for (const [minute, modules] of [MODULES.slice(0, 3), ["payment"], ["delivery", "order"]].entries())
      for (const module of modules)
        for (const key of [`${minute}a`, `${minute}b`])
          for (const sequence of [2, 10]) {
            await park(module, key, sequence, NOW + minute * 60_000);
            expected.push(idOf(module, key, sequence));
          }
    const get = edge();
    for (const limit of [1, 3, 7, 100]) {
      const seen: string[] = [];
      let cursor = "";
      for (;;) {
        const { body } = await get(`?limit=${limit}${cursor}`);
        seen.push(...idsOf(body));
        expect(body.items?.length).toBeLessThanOrEqual(limit);
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(seen).toEqual(expected);
    }
    const own = await get("?module=delivery");
    expect(idsOf(own.body)).toEqual(expected.filter((id) => id.startsWith("delivery:")));
    expect((await get("?module=pricing")).body).toEqual({ items: [], nextCursor: null });
  });

  test("tells what, why and since when, and keeps the payload for the letter itself", async () => {
    await park("delivery", "a", 2);
    const get = edge();
    const item = {
      id: idOf("delivery", "a", 2),
      module: "delivery",
      key: "a",
      source: TOPIC,
      sequence: 2,
      reason: "threw",
      error: "TypeError: a bug in two lines",
      parkedAt: "2026-05-01T00:00:00.000Z",
      type: "OrderConfirmed",
    };
    expect((await get("")).body).toEqual({ items: [item], nextCursor: null });
    expect((await get(`/${item.id}`)).body).toEqual({
      ...item,
      fullError: "TypeError: a bug\nin two lines\n    at decide (file.ts:1:1)",
      payload: { name: "Alice" },
      trace: { correlationId: "c" },
    });
  });

  test("holds only what matches, in pages as well", async () => {
    await park("order", "a", 1);
    await park("order", "a", 2);
    await park("payment", "a", 1);
    await park("payment", "b", 1);
    await parkTimer("a");
    const get = edge();
    const found = async (query: string) => idsOf((await get(query)).body);
    const own = [idOf("order", "a", 1), idOf("order", "a", 2)];
    const timer = "order:a:timer:deadline:0";
    expect(await found("?key=a&type=OrderConfirmed")).toEqual([...own, idOf("payment", "a", 1)]);
    expect(await found("?key=a&module=order")).toEqual([...own, timer]);
    expect(await found("?type=timer:deadline")).toEqual([timer]);
    expect(await found("?reason=behind")).toEqual([]);
    const first = (await get("?key=a&module=order&limit=2")).body;
    expect(idsOf(first)).toEqual(own);
    expect(await found(`?key=a&module=order&limit=2&cursor=${first.nextCursor}`)).toEqual([timer]);
  });

  test("refuses what it does not understand", async () => {
    const get = edge();
    const cursors = [
      [9e15, "order", "a", TOPIC, 1],
      [-1, "order", "a", TOPIC, 1],
      [NOW, "order", "a", TOPIC, 3_000_000_000],
      [NOW, "order", "a\u0000", TOPIC, 1],
      [NOW, "order", "a", TOPIC],
    ].map((cursor) => `?cursor=${Buffer.from(JSON.stringify(cursor)).toString("base64url")}`);
    for (const query of cursors) expect([query, (await get(query)).status]).toEqual([query, 400]);
    for (const query of [
      "?limit=0",
      "?limit=101",
      "?cursor=nonsense",
      "?cursor=WzFd",
      "?module=unknown",
      "?other=1",
      "?reason=old",
      "?key=",
      `?type=${"x".repeat(501)}`,
    ])
      expect([query, (await get(query)).status]).toEqual([query, 400]);
  });
});

test("operators only, each with the scope", async () => {
  await parkTimer("a");
  const ask = edge();
  const id = "order:a:timer:deadline:0";
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  for (const path of ["", `/${id}`]) {
    expect((await ask(path, undefined, as("nobody"))).status).toBe(401);
    expect((await ask(path, undefined, as("customer"))).status).toBe(403);
    expect((await ask(path, undefined, as("reader"))).status).toBe(200);
  }
  for (const path of ["/replay", `/${id}/replay`, `/${id}/discard`])
    for (const token of ["customer", "reader"]) expect((await ask(path, {}, as(token))).status).toBe(403);
});

test.each([
  "nothing",
  "order:a:topic",
  "unknown:a:topic:1",
  "order:a:topic:0",
  "order:a:topic:-1",
  "order:a:topic:01",
  "order:a:topic:9999999999",
  "order:a:top:ic:1",
  "order:a:timer:deadline:1",
  "order::topic:1",
  "Order:a:topic:1",
  "pricing:a:topic:1",
  "order:a:topic:1",
])("%s is no letter", async (id) => {
  const ask = edge();
  expect((await ask(`/${id}`)).status).toBe(404);
  expect((await ask(`/${id}/replay`, {})).status).toBe(404);
  expect((await ask(`/${id}/discard`, { reason: "why not" })).status).toBe(404);
});

test("a letter of a module that does not answer is a 503 that names it", async () => {
  const ask = edge(["payment"]);
  await park("order", "a", 1);
  const answers = [
    await ask(""),
    await ask("?module=payment"),
    await ask(`/${idOf("payment", "a", 1)}`),
    await ask(`/${idOf("payment", "a", 1)}/replay`, {}),
  ];
  for (const { status, headers, body } of answers) {
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("2");
    expect(body.detail).toContain("payment");
    expect(body.detail).not.toContain("order");
  }
  expect((await ask("?module=order")).body.items).toHaveLength(1);
});

describe("a discard", () => {
  test("needs a reason, which is logged, and is answered with what is left", async () => {
    await parkTimer("a");
    const ask = edge();
    const path = "/order:a:timer:deadline:0/discard";
    for (const body of [{}, { reason: "" }, { reason: "  " }, { reason: "x".repeat(501) }, { reason: "x", more: 1 }])
      expect((await ask(path, body)).status).toBe(400);
    const answer = await ask(path, { reason: "not needed" });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        id: "order:a:timer:deadline:0",
        released: [],
        releasedCount: 0,
        left: [],
        leftCount: 0,
        state: "gone",
        pending: false,
      },
    ]);
    expect(logged.at(-1)).toMatchObject({ event: "letter.discarded", fields: { reason: "not needed" } });
    expect((await ask(path, { reason: "not needed" })).status).toBe(404);
  });

  test("under the same Idempotency-Key is answered again, with another body it is refused", async () => {
    await parkTimer("b");
    const ask = edge();
    const path = "/order:b:timer:deadline:0/discard";
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await ask(path, { reason: "not needed" }, key);
    expect(await ask(path, { reason: "not needed" }, key)).toMatchObject({ status: 200, body: first.body });
    const other = await ask(path, { reason: "another" }, key);
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });
});

describe("a replay of a selection", () => {
  test("needs one, or all", async () => {
    const ask = edge();
    const bodies = [{}, { all: false }, { all: true, key: "a" }, { key: "" }, { module: "unknown" }, { reason: "x" }];
    for (const body of bodies) expect([body, (await ask("/replay", body)).status]).toEqual([body, 400]);
    for (const body of [{ all: true }, { module: "order" }, { key: "a", type: "T", reason: "threw" }])
      expect((await ask("/replay", body)).body).toEqual({
        released: [],
        releasedCount: 0,
        left: [],
        leftCount: 0,
        pending: false,
      });
  });

  test("tries what matches and nothing else, and tells what is left", async () => {
    // Nobody runs these modules: messages stay parked, and a timer that was tried is back in its table.
    await park("order", "a", 1);
    await park("payment", "b", 1);
    await parkTimer("one");
    await parkTimer("other");
    const ask = edge();
    const { body } = await ask("/replay", { type: "OrderConfirmed" });
    expect(body).toMatchObject({ releasedCount: 0, leftCount: 2, pending: false });
    expect(body["left"]).toMatchObject([{ id: idOf("order", "a", 1) }, { id: idOf("payment", "b", 1) }]);
    await ask("/replay", { module: "order", key: "one", type: "timer:deadline" });
    expect(idsOf((await ask("?type=timer")).body)).toEqual(["order:other:timer:deadline:0"]);
  });

  test("may be sent again under its Idempotency-Key, which stands for this selection", async () => {
    await park("order", "a", 1);
    const ask = edge();
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await ask("/replay", { module: "order" }, key);
    expect(await ask("/replay", { module: "order" }, key)).toMatchObject({ status: 200, body: first.body });
    const other = await ask("/replay", { all: true }, key);
    expect([other.status, other.body.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });

  test("is a 503 that names who does not answer", async () => {
    const { status, body } = await edge(["payment"])("/replay", { all: true });
    expect(status).toBe(503);
    expect(body.detail).toContain("payment");
  });
});

test("a replay takes no body or an empty one, and says what has not ended yet", async () => {
  const ask = edge();
  await parkTimer("c");
  const path = "/order:c:timer:deadline:0/replay";
  expect((await ask(path, { all: true })).status).toBe(400);
  // Nobody runs this module, so the timer stays where it was put.
  expect((await ask(path, {})).body).toMatchObject({ released: [], state: "gone", pending: true });
  const [row] = (await databases.get("order")?.query({ text: "select key from timer", params: [] })) ?? [];
  expect(row).toEqual({ key: "c" });
  expect(errors).toEqual([]);
});
