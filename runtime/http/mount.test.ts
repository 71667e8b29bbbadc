import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { createApp, handlerOf } from "./app.ts";
import { renderDocs } from "./docs-page.ts";
import { handlerWith, httpFor, principal } from "./http.fixture.ts";
import { mountRoutes } from "./mount.ts";
import { openApiDocument } from "./openapi.ts";
import { encodeCursor, pageQuery, pageRequest } from "./paging.ts";
import { ProblemError, problem } from "./problem.ts";
import { type IdempotencyClaim, route } from "./route.ts";

const claims: (IdempotencyClaim | null)[] = [];
const THINGS = [1, 2, 3, 4, 5];
const waits: number[] = [];
const routes = [
  route({
    method: "POST",
    path: "/api/v1/things",
    rights: { callers: "customers", object: "own" },
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
    rights: { callers: "anyone", object: "shared" },
    summary: "Lists",
    query: z.strictObject({ kind: z.string().optional(), colour: z.string().optional(), ...pageQuery }),
    responses: { 200: { description: "A page.", schema: z.unknown() } },
    async handle(request) {
      const page = pageRequest(request, z.tuple([z.int()]));
      const found = THINGS.filter((each) => each > (page.after?.[0] ?? 0)).slice(0, page.limit + 1);
      return page.reply(found, (each) => [each], String);
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/things/{id}",
    rights: { callers: "operators", scope: "things:read", object: "shared" },
    summary: "Reads",
    params: z.strictObject({ id: z.uuid() }),
    responses: { 200: { description: "It.", schema: z.strictObject({ id: z.string() }) } },
    handle: async ({ params }) => ({ status: 200, body: { id: params.id } }),
  }),
  route({
    method: "GET",
    path: "/api/v1/things/broken",
    rights: { callers: "anyone", object: "shared" },
    summary: "Throws",
    responses: { 200: { description: "Never." } },
    handle: () => Promise.reject(new Error("secret internals")),
  }),
  route({
    method: "GET",
    path: "/api/v1/things/teapot",
    rights: { callers: "anyone", object: "shared" },
    summary: "Undocumented",
    responses: { 200: { description: "Never." } },
    handle: async () => ({ status: 418 }),
  }),
];
const errors: unknown[] = [];
const people = {
  c: principal("customer", [], "alice"),
  o: principal("operator", ["*"], "alice"),
  weak: principal("operator", ["other:read"], "alice"),
};
const http = httpFor(people, (error) => void errors.push(error));
const handler = handlerWith(routes, http);
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

describe("a route that begins work", () => {
  const counts = { entered: 0, begun: 0, left: 0, atAnswer: 0 };
  const begins = route({
    method: "POST",
    path: "/api/v1/works",
    rights: { callers: "anyone", object: "shared" },
    beginsWork: true,
    summary: "Begins",
    query: z.strictObject({ how: z.enum(["early", "fails"]).optional() }),
    responses: { 201: { description: "Begun." } },
    async handle({ query, begun }) {
      if (query.how === "fails") throw new Error("fails");
      if (query.how === "early") begun();
      counts.atAnswer = counts.begun;
      return { status: 201 };
    },
  });
  let isFull = false;
  const turnedAway = () => (isFull ? new Response(null, { status: 503 }) : undefined);
  const enter = () => {
    counts.entered++;
    return { begun: () => void counts.begun++, left: () => void counts.left++ };
  };
  const busy = createApp(http);
  mountRoutes(busy, [begins, ...routes], { ...http, admission: { turnedAway, enter } });
  const status = async (method: string, path: string) =>
    (await handlerOf(busy, () => false, turnedAway)(new Request(`http://h${path}`, { method }))).status;

  test("counts while it waits to be begun: until its handler says so, or until it is answered or has failed", async () => {
    expect(await status("POST", "/api/v1/works?how=early")).toBe(201);
    expect(counts).toEqual({ entered: 1, begun: 1, left: 1, atAnswer: 1 });
    expect(await status("POST", "/api/v1/works")).toBe(201);
    expect(counts).toEqual({ entered: 2, begun: 1, left: 2, atAnswer: 1 });
    expect(await status("POST", "/api/v1/works?how=fails")).toBe(500);
    expect(await status("POST", "/api/v1/works?how=unknown")).toBe(400);
    expect(counts).toEqual({ entered: 4, begun: 1, left: 4, atAnswer: 1 });
    expect(await status("GET", "/api/v1/things")).toBe(200);
    expect(counts.entered).toBe(4);
  });

  test("is not even looked for while nothing is taken", async () => {
    isFull = true;
    expect(await status("POST", "/api/v1/works")).toBe(503);
    expect(counts.entered).toBe(4);
  });
});

describe("whoever asks too often", () => {
  const seen: unknown[] = [];
  const refuse = (what: string) => {
    seen.push(what);
    return Promise.reject(new ProblemError(problem("rate-limited", "Too many."), { "retry-after": "2" }));
  };
  const limited = handlerWith(routes, {
    ...http,
    rateLimiter: {
      count: (spec, principal, from) =>
        refuse(`${spec.method} ${principal?.subject} ${from.peer} ${from.forwardedFor}`),
      countUnauthenticated: ({ peer }) => refuse(`nobody ${peer}`),
    },
  });
  const peers = { peer: () => "192.0.2.1" };
  const status = async (method: string, headers: Record<string, string>) => {
    const response = await limited(new Request("http://h/api/v1/things", { method, headers }), peers);
    return [response.status, response.headers.get("retry-after")];
  };
  test("is told so before rights and body are looked at, with the address of the connection and what proxies say", async () => {
    expect(await status("POST", { authorization: "Bearer o", "x-forwarded-for": "1.2.3.4" })).toEqual([429, "2"]);
    expect(await status("HEAD", {})).toEqual([429, "2"]);
    expect(await status("POST", { authorization: "Bearer gone" })).toEqual([429, "2"]);
    expect(seen).toEqual(["POST alice 192.0.2.1 1.2.3.4", "GET undefined 192.0.2.1 null", "nobody 192.0.2.1"]);
  });
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
  const first = (await get("limit=2&kind=a&colour=red")).json;
  expect(first.items).toEqual(["1", "2"]);
  const cursor = String(first.nextCursor);
  expect((await get(`colour=red&cursor=${cursor}&kind=a&limit=5`)).json).toEqual({
    items: ["3", "4", "5"],
    nextCursor: null,
  });
  for (const bad of [
    "limit=0",
    "limit=x",
    "limit=1e1",
    "limit=1&limit=2",
    "nope=1",
    "cursor=!!",
    `cursor=${encodeCursor('["/api/v1/things"]', ["a"])}`,
    `cursor=${encodeCursor('["/api/v1/other-things"]', [1])}`,
    `cursor=${cursor}`,
    `kind=a&colour=blue&cursor=${cursor}`,
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
    "429",
    "431",
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
