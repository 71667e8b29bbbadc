import { expect, test } from "bun:test";
import * as z from "zod";
import { systemClock } from "../clock.ts";
import { handlerWith, httpFor, principal } from "../http/http.fixture.ts";
import { createIds } from "../ids.ts";
import type { AuditEntry } from "../messages/audit.ts";
import { type AuditPosition, auditRpc } from "../messages/audit-rpc.ts";
import { systemRandom } from "../random.ts";
import { createDirectRpc } from "../rpc/direct.ts";
import { answers, RpcUnavailable } from "../rpc/port.ts";
import { systemScheduler } from "../scheduler.ts";
import { auditRoute } from "./audit-route.ts";

const ids = createIds(systemClock, systemRandom());

const entry = (atMs: number, change: Partial<AuditEntry> = {}): AuditEntry => ({
  id: ids.next(),
  atMs,
  subject: "olga",
  issuer: "the issuer",
  action: "POST /api/v1/things",
  objects: {},
  key: "",
  traceId: null,
  scope: null,
  outcome: "done",
  ...change,
});

const comesAfter = (each: AuditEntry, after: AuditPosition | null) =>
  after === null ||
  each.atMs < after.atMs ||
  (each.atMs === after.atMs && (each.id < after.id || (after.with && each.id === after.id)));

/** The route over modules that hold these entries; null: one that does not answer. */
function listOf(held: Readonly<Record<string, readonly AuditEntry[] | null>>) {
  const handlers = Object.entries(held).map(([module, entries]) =>
    answers(auditRpc(module).list, async ({ after, limit }) => {
      if (entries === null) throw new RpcUnavailable(`${module} is away`);
      const newest = entries.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1));
      return { entries: newest.filter((each) => comesAfter(each, after)).slice(0, limit) };
    }),
  );
  const rpc = createDirectRpc(handlers, systemScheduler);
  const http = httpFor({ t: principal("operator", ["ops:read"]) }, () => undefined);
  const handle = handlerWith([auditRoute({ rpc, modules: Object.keys(held) })], http);
  return async (query: string) => {
    const request = new Request(`http://test/api/v1/ops/audit?${query}`, { headers: { authorization: "Bearer t" } });
    const response = await handle(request);
    return { status: response.status, text: await response.text() };
  };
}

const pageSchema = z.object({
  items: z.array(z.looseObject({ id: z.string(), module: z.string(), at: z.iso.datetime() })),
  nextCursor: z.string().nullable(),
});
const pageIn = (answer: { readonly text: string }) => pageSchema.parse(JSON.parse(answer.text));

test("entries of all modules come newest first, and each once, whatever the size of a page", async () => {
  const shared = entry(5_000);
  const held = {
    order: [entry(9_000), entry(5_000), entry(1_000)],
    payment: [shared, entry(5_000), entry(7_000)],
    pricing: [shared, entry(3_000)],
  };
  const list = listOf(held);
  const whole = pageIn(await list("limit=100"));
  expect(whole.nextCursor).toBeNull();
  expect(whole.items.map(({ at }) => Date.parse(at))).toEqual([9_000, 7_000, 5_000, 5_000, 5_000, 5_000, 3_000, 1_000]);
  const twice = whole.items.filter(({ id }) => id === shared.id);
  expect(twice.map(({ module }) => module)).toEqual(["payment", "pricing"]);
  for (const limit of [1, 2, 3, 5, 8]) {
    const paged: unknown[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = pageIn(await list(`limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`));
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(whole.items);
  }
});

test("a module that does not answer is named: a list with a gap would pass for the whole", async () => {
  const answer = await listOf({ order: [entry(1)], payment: null })("");
  expect(answer.status).toBe(503);
  expect(answer.text).toContain("No answer from payment.");
});

test.each(["cursor=x", "limit=0", "from=yesterday", "orderId=1", "until=2026-13-01T00:00:00Z", "who=me"])(
  "%s is a bad request",
  async (query) => {
    expect((await listOf({ order: [] })(query)).status).toBe(400);
  },
);
