import { describe, expect, test } from "bun:test";
import * as z from "zod";
import type { Principal } from "../identity/principal.ts";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { createApp, handlerOf } from "./app.ts";
import { renderDocs } from "./docs-page.ts";
import { mountRoutes } from "./mount.ts";
import { openApiDocument } from "./openapi.ts";
import { decodeCursor, encodeCursor, pageQuery } from "./paging.ts";
import { type IdempotencyClaim, route } from "./route.ts";

const claims: (IdempotencyClaim | null)[] = [];
const waits: number[] = [];
const routes = [
  route({
    method: "POST",
    path: "/api/v1/things",
    access: "customer",
    tag: "things",
    summary: "Makes a thing",
    idempotency: "required",
    wait: true,
    body: z.strictObject({ name: z.string().max(50), quantity: z.int().min(1).max(9999) }),
    bodyExample: { name: "a", quantity: 1 },
    responses: { 201: { description: "Made.", schema: z.strictObject({ owner: z.string(), name: z.string() }) } },
    handle: async ({ body, principal, idempotency, waitMs }) => {
      claims.push(idempotency);
      waits.push(waitMs);
      return { status: 201, body: { owner: principal.subject, name: body.name } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/things",
    access: "public",
    summary: "Lists",
    query: z.strictObject(pageQuery),
    responses: { 200: { description: "A page.", schema: z.unknown() } },
    handle: async ({ query }) => ({
      status: 200,
      body: { limit: query.limit ?? 20, at: decodeCursor(z.tuple([z.int()]), query.cursor) },
    }),
  }),
  route({
    method: "GET",
    path: "/api/v1/things/{id}",
    access: "operator",
    scope: "things:read",
    summary: "Reads",
    params: z.strictObject({ id: z.uuid() }),
    responses: { 200: { description: "It.", schema: z.strictObject({ id: z.string() }) } },
    handle: async ({ params }) => ({ status: 200, body: { id: params.id } }),
  }),
  route({
    method: "GET",
    path: "/api/v1/things/broken",
    access: "public",
    summary: "Throws",
    responses: { 200: { description: "Never." } },
    handle: () => Promise.reject(new Error("secret internals")),
  }),
  route({
    method: "GET",
    path: "/api/v1/things/teapot",
    access: "public",
    summary: "Undocumented",
    responses: { 200: { description: "Never." } },
    handle: async () => ({ status: 418 }),
  }),
];
const errors: unknown[] = [];
const ids = createIds({ now: () => 1_700_000_000_000 }, seededRandom(1));
const onError = (error: unknown) => void errors.push(error);
const app = createApp({ ids, onError });
const person = (role: Principal["role"], scopes: string[]): Principal => ({
  subject: "alice",
  role,
  scopes,
  issuer: "test",
  expiresAtMs: 9e15,
});
const people: Record<string, Principal> = {
  c: person("customer", []),
  o: person("operator", ["*"]),
  weak: person("operator", ["other:read"]),
};
mountRoutes(app, routes, {
  ids,
  onError,
  scheduler: systemScheduler,
  bodyTimeoutMs: 1000,
  checkReplies: true,
  verifier: {
    verify(token) {
      const principal = people[token];
      return principal ? { ok: true, principal } : { ok: false, reason: "expired", detail: "The token has expired." };
    },
  },
});
const handler = handlerOf(app);
const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
  const response = await handler(
    new Request(`http://h${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
  );
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text ? JSON.parse(text) : null };
};
const ok = { authorization: "Bearer c", "content-type": "application/json", "idempotency-key": "k1" };
const post = (body: string, headers: Record<string, string> = ok) => call("POST", "/api/v1/things", headers, body);
const good = '{"name":"a","quantity":2}';

describe("order of checks", () => {
  test("unknown path 404, unknown method 405 with Allow", async () => {
    expect((await call("GET", "/nope")).json.type).toBe("/problems/not-found");
    const wrong = await call("DELETE", "/api/v1/things");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST, GET, HEAD"]);
    expect((await call("OPTIONS", "/api/v1/things")).status).toBe(405);
  });
  test("401 without and with a bad token", async () => {
    const none = await post("{", {});
    expect([none.status, none.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="genai-demo"']);
    const bad = await post(good, { ...ok, authorization: "Bearer gone" });
    expect(bad.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });
  test("403 before the body is looked at", async () => {
    expect((await post("not json", { authorization: "Bearer o", "content-type": "text/plain" })).status).toBe(403);
    const id = "/api/v1/things/018f0000-0000-7000-8000-000000000000";
    expect((await call("GET", id, { authorization: "Bearer weak" })).headers.get("www-authenticate")).toContain(
      "insufficient_scope",
    );
    expect((await call("GET", id, { authorization: "Bearer o" })).status).toBe(200);
  });
  test("415, key, 413", async () => {
    expect((await post(good, { ...ok, "content-type": "text/plain" })).status).toBe(415);
    expect((await post(good, { ...ok, "content-type": "application/json; charset=latin1" })).status).toBe(415);
    expect((await post(good, { ...ok, "content-type": "Application/JSON; charset=UTF-8" })).status).toBe(201);
    const { "idempotency-key": _key, ...keyless } = ok;
    expect((await post(good, keyless)).json.errors[0].field).toBe("header.Idempotency-Key");
    expect((await post(good, { ...ok, "idempotency-key": "x".repeat(256) })).status).toBe(400);
    expect((await post(JSON.stringify("x".repeat(1024 * 1024)))).status).toBe(413);
  });
});

describe("bad bodies are 400 and name the field", () => {
  const cases: [string, string][] = [
    ['{"name":1,"quantity":2}', "body.name"],
    ['{"name":"a","quantity":0}', "body.quantity"],
    ['{"name":"a","quantity":1.5}', "body.quantity"],
    ['{"name":"a","quantity":1e400}', "body.quantity"],
    ['{"name":"a"}', "body.quantity"],
    ['{"name":"a","quantity":2,"extra":1}', "body.extra"],
    ['{"name":"a","quantity":2,"__proto__":{"x":1}}', "body.__proto__"],
    ['{"name":"a\\u0000","quantity":2}', "body.name"],
    ['{"name":"\\ud800","quantity":2}', "body.name"],
    ["null", "body"],
    ["", "body"],
  ];
  test.each(cases)("%s", async (body, field) => {
    const { status, json, headers } = await post(body);
    expect([status, headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    expect(json.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("x");
  });
  test.each(["{", "[".repeat(100_000), `${"[".repeat(33)}${"]".repeat(33)}`, '{"a":1}x'])(
    "malformed %#",
    async (body) => {
      expect((await post(body)).json.type).toBe("/problems/malformed-json");
    },
  );
});

test("a success carries what the handler needs", async () => {
  claims.length = 0;
  waits.length = 0;
  await post(good, { ...ok, prefer: "respond-async, wait=99" });
  await post(good, { ...ok, prefer: "wait=-1" });
  await post('{"name":"b","quantity":2}');
  await post(good, { ...ok, "idempotency-key": "k2" });
  expect(waits).toEqual([25_000, 0, 0, 0]);
  const [first, same, otherBody, otherKey] = claims;
  expect(first?.scope).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(same).toEqual(first ?? null);
  expect([otherBody?.scope === first?.scope, otherBody?.bodyHash === first?.bodyHash]).toEqual([true, false]);
  expect(otherKey?.scope).not.toBe(first?.scope ?? "");
});

test("queries: limits, cursors, unknown and repeated fields", async () => {
  const get = (query: string) => call("GET", `/api/v1/things?${query}`);
  expect((await get(`limit=5&cursor=${encodeCursor([7])}`)).json).toEqual({ limit: 5, at: [7] });
  for (const bad of [
    "limit=0",
    "limit=x",
    "limit=1e1",
    "limit=1&limit=2",
    "nope=1",
    "cursor=!!",
    `cursor=${encodeCursor(["a"])}`,
    "cursor=%00",
  ])
    expect([bad, (await get(bad)).status]).toEqual([bad, 400]);
  expect((await call("GET", `/api/v1/things?cursor=${"a".repeat(5000)}`)).status).toBe(414);
});

test("a fault of ours tells nothing, and an undocumented answer is a fault", async () => {
  errors.length = 0;
  const broken = await call("GET", "/api/v1/things/broken");
  expect([broken.status, broken.text.includes("secret")]).toEqual([500, false]);
  expect(broken.json.instance).toMatch(/^urn:uuid:/);
  expect((await call("GET", "/api/v1/things/teapot")).status).toBe(500);
  expect(errors).toHaveLength(2);
});

test("every answer has the security headers", async () => {
  for (const path of ["/nope", "/api/v1/things", "/api/v1/things/broken"]) {
    const { headers } = await call("GET", path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  }
});

test("the OpenAPI document and its page come from the same routes", () => {
  const document = openApiDocument(routes, { title: "Things <&>", version: "1" });
  const made = document.paths?.["/api/v1/things"]?.post;
  expect(document.openapi).toBe("3.1.1");
  expect(Object.keys(made?.responses ?? {})).toEqual([
    "201",
    "400",
    "401",
    "403",
    "408",
    "413",
    "414",
    "415",
    "422",
    "500",
    "503",
  ]);
  expect(JSON.stringify(made?.parameters)).toContain("Idempotency-Key");
  expect(JSON.stringify(made?.requestBody)).toContain('"additionalProperties":false');
  expect(JSON.stringify(document.paths?.["/api/v1/things"]?.get?.parameters)).toContain(
    '"type":"integer","minimum":1,"maximum":100',
  );
  const page = renderDocs(document);
  expect(page).toContain("Things &lt;&amp;&gt;");
  expect(page).not.toMatch(/<script|\sstyle=|\son\w+=/);
});
