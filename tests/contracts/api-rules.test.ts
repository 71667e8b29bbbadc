/** What holds for every route of the platform, judged from the declarations that also make the OpenAPI document. */
import { expect, test } from "bun:test";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { opsRoutes } from "../../runtime/edge/ops.ts";
import type { RouteSpec } from "../../runtime/http/route.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";

const rpc = { call: () => Promise.reject(new Error("nobody is asked here")) };
const ops = opsRoutes({ rpc, modules: registry.map(({ name }) => name), clock: { now: () => 0 }, scheduler });
const specs: readonly RouteSpec[] = [...registry.flatMap(({ routes }) => routes), ...ops].map(({ spec }) => spec);
const nameOf = ({ method, path }: RouteSpec) => `${method} ${path}`;

/** POST routes without an Idempotency-Key, and why none is needed. */
const KEYLESS: readonly (readonly [path: RegExp, why: string])[] = [
  [/\/webhooks\/\{[a-z]+\}$/, "an event counts once by its own id, which its sender repeats"],
  [
    /^\/api\/v1\/payments\/simulator\//,
    "a button of a page, whose form sends no headers; pressed again it changes nothing",
  ],
];

test("every POST takes an Idempotency-Key, but for those that say why not", () => {
  const keyless = specs.filter(({ method, idempotency }) => method === "POST" && idempotency === undefined);
  const unexplained = keyless.filter(({ path }) => !KEYLESS.some(([pattern]) => pattern.test(path)));
  expect(unexplained.map(nameOf)).toEqual([]);
  for (const [pattern, why] of KEYLESS)
    expect([why, keyless.some(({ path }) => pattern.test(path))]).toEqual([why, true]);
});

test("nothing but a POST takes a key: what the other methods do once they may do again", () => {
  expect(specs.filter(({ method, idempotency }) => method !== "POST" && idempotency).map(nameOf)).toEqual([]);
});

/** Any answer with a field of that name. */
function answersWith(spec: RouteSpec, field: string): boolean {
  const { schema } = spec.responses[200] ?? {};
  return schema instanceof z.ZodObject && field in schema.shape;
}

test("every list is items and nextCursor, and takes limit and cursor", () => {
  const lists = specs.filter((spec) => answersWith(spec, "nextCursor"));
  expect(lists.length).toBeGreaterThan(10);
  for (const { query, responses, ...spec } of lists) {
    const { schema } = responses[200] ?? {};
    const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const taken = Object.keys(query?.shape ?? {}).filter((name) => name === "limit" || name === "cursor");
    expect([spec.path, fields, taken]).toEqual([spec.path, ["items", "nextCursor"], ["limit", "cursor"]]);
  }
});

test("what answers a collection is a list", () => {
  const collections = specs.filter(
    ({ method, path }) => method === "GET" && /^\/api\/v1\/(orders|payments|deliveries|notifications)$/.test(path),
  );
  expect(collections).toHaveLength(4);
  expect(collections.filter((spec) => !answersWith(spec, "nextCursor")).map(nameOf)).toEqual([]);
});
