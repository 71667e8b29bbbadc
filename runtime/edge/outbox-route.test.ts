import { expect, test } from "bun:test";
import * as z from "zod";
import { handlerWith, httpFor, principal } from "../http/http.fixture.ts";
import type { Waiting } from "../messages/waiting-work.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { outboxRoute } from "./outbox-route.ts";

const NOW = Date.UTC(2026, 4, 1);
const clock = { now: () => NOW };
const errors: unknown[] = [];

/** The platform's answer to an operator, where each module has that waiting, or is away. */
async function ask(query: string, waiting: Readonly<Record<string, readonly Waiting[] | null>>) {
  const rpc = {
    async call(method: { module: string; response: z.ZodType }) {
      const found = waiting[method.module];
      if (!found) throw new RpcUnavailable("away");
      return method.response.parse({ waiting: found });
    },
  };
  // Generic in the method, of which there is one kind here.
  const deps = {
    rpc: rpc as unknown as Parameters<typeof outboxRoute>[0]["rpc"],
    clock,
    modules: Object.keys(waiting),
  };
  const http = httpFor({ olga: principal("operator", ["*"]) }, (error) => void errors.push(error));
  const request = new Request(`http://shop.test/api/v1/ops/outbox?${query}`, {
    headers: { authorization: "Bearer olga" },
  });
  const response = await handlerWith([outboxRoute(deps)], http)(request);
  const page = z.object({
    items: z.array(z.looseObject({ module: z.string(), name: z.string() })).optional(),
    nextCursor: z.string().nullish(),
    detail: z.string().optional(),
  });
  return { status: response.status, ...page.parse(await response.json()) };
}

const row = (kind: Waiting["kind"], name: string, oldestMs = NOW): Waiting => ({
  kind,
  name,
  count: 1,
  atLeast: false,
  oldestMs,
  oldestKey: "k",
});
const platform = {
  payment: [row("call", "charge", NOW - 5_000), row("message", "events")],
  order: [row("message", "commands", NOW + 20), row("message", "events"), row("timer", "placement")],
  pricing: [],
};

test("what waits in all modules is one list, by module, kind and name", async () => {
  const { status, items, nextCursor } = await ask("", platform);
  expect([status, nextCursor]).toEqual([200, null]);
  expect(items?.map(({ module, name }) => `${module} ${name}`)).toEqual([
    "order commands",
    "order events",
    "order placement",
    "payment charge",
    "payment events",
  ]);
  expect(items?.[0]).toMatchObject({ oldestAgeMs: 0 });
  expect(items?.[3]).toEqual({
    module: "payment",
    kind: "call",
    name: "charge",
    count: 1,
    atLeast: false,
    oldestAt: new Date(NOW - 5_000).toISOString(),
    oldestAgeMs: 5_000,
    oldestKey: "k",
  });
});

test("its pages follow each other without gap or repeat", async () => {
  const names: string[] = [];
  for (let cursor = ""; ; ) {
    const page = await ask(`limit=2${cursor}`, platform);
    names.push(...(page.items ?? []).map(({ module, name }) => `${module} ${name}`));
    if (page.nextCursor == null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  expect(names).toEqual(["order commands", "order events", "order placement", "payment charge", "payment events"]);
});

test("who does not answer is named, and the others can be asked alone", async () => {
  const broken = { ...platform, order: null, pricing: null };
  const answer = await ask("", broken);
  expect([answer.status, answer.detail]).toEqual([503, expect.stringContaining("No answer from order, pricing.")]);
  const alone = await ask("module=payment", broken);
  expect([alone.status, alone.items?.length]).toEqual([200, 2]);
  expect((await ask("module=nobody", broken)).status).toBe(400);
  // Why they are away is for the log.
  expect(errors).toEqual([expect.any(RpcUnavailable)]);
});
