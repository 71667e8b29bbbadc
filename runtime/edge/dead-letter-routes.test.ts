import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { idOf, idsOf, letterBench, MODULES, NOW, TOPIC } from "./dead-letter.fixture.ts";

// Other work on the machine can make a start slow.
setDefaultTimeout(30_000);

const { edge, park, parkTimer } = letterBench();

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
