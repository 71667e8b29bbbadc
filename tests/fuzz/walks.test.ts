import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Finding } from "./finding.ts";
import { runWalks } from "./walks.ts";

/** What is wrong with it is the test's: every answer of the API is this one's. */
let answer: (request: Request, body: string) => Response = () => new Response(null, { status: 500 });
let server: ReturnType<typeof Bun.serve>;

const ID = "01890000-0000-7000-8000-000000000000";
const json = (content: unknown, status = 200) => Response.json(content, { status });
const refused = (status: number) => json({ status }, status);
const documented = { content: { "application/json": { schema: { type: "object", required: ["id"] } } } };
const problems = Object.fromEntries(
  [400, 401, 404, 422].map((status) => [status, { content: { "application/json": {} } }]),
);
const operation = {
  security: [{ bearer: [] }],
  parameters: [{ in: "header", name: "Idempotency-Key" }],
  requestBody: { content: { "application/json": {} } },
  responses: { 201: documented, ...problems },
};
const openApi = {
  paths: {
    "/api/v1/orders": { post: operation },
    "/api/v1/orders/{id}": { get: { security: [{ bearer: [] }], responses: { 200: documented, ...problems } } },
  },
};

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) =>
      request.url.endsWith("/openapi.json") ? json(openApi) : answer(request, await request.text()),
  });
});
afterAll(() => server.stop(true));

const tokens = { customer: "owner", stranger: "stranger", operator: "operator", expired: "old", garbage: "bad" };

async function found(): Promise<readonly Finding[]> {
  const { findings, requests } = await runWalks({
    url: `http://127.0.0.1:${server.port}`,
    seed: 1,
    tokensOf: async () => tokens,
    webhookSecret: null,
    budget: { milliseconds: 60_000, requests: 600 },
  });
  expect(requests).toBeGreaterThanOrEqual(600);
  return findings;
}
const kinds = (findings: readonly Finding[]) => [...new Set(findings.map(({ kind, detail }) => `${kind}: ${detail}`))];

/** A platform without fault, as far as these operations go. */
function faultless(): typeof answer {
  const bodies = new Map<string, string>();
  return (request, body) => {
    const bearer = request.headers.get("authorization") ?? "";
    if (!/owner|stranger|operator/.test(bearer)) return refused(401);
    if (request.method === "GET") return bearer.includes("stranger") ? refused(404) : json({ id: ID });
    const key = request.headers.get("idempotency-key") ?? "";
    if (key !== "" && (bodies.get(bearer + key) ?? body) !== body) return refused(422);
    bodies.set(bearer + key, body);
    return json({ id: ID }, 201);
  };
}

test("a platform without fault has no findings", async () => {
  answer = faultless();
  expect(await found()).toEqual([]);
});

test.each([
  ["an answer of 5xx", "GET", () => refused(503), ["server-error: answered 503", "undocumented: status 503"]],
  ["a status that is not documented", "GET", () => refused(418), ["undocumented: status 418 is not documented"]],
  ["a body that is not as documented", "GET", () => json({}), ["schema: 200: body"]],
  ["a key with two effects", "POST", () => json({ id: crypto.randomUUID() }, 201), ["promise: one key has several"]],
  ["a key that takes any body", "POST", () => json({ id: ID }, 201), ["promise: the key with another body is 201"]],
] as const)("%s is found", async (_, method, wrong, expected) => {
  const right = faultless();
  // With a valid token alone, so that nothing else is found.
  answer = (request, body) => {
    const answered = right(request, body);
    return request.method === method && answered.status !== 401 && answered.status !== 404 ? wrong() : answered;
  };
  const all = kinds(await found());
  for (const each of expected) expect(all.some((one) => one.startsWith(each))).toBe(true);
});

test.each([
  ["promise: 201 without a valid token", "POST", /old|bad|none/],
  ["promise: 200 for what is another customer's", "GET", /stranger/],
] as const)("%s is found", async (expected, method, bearer) => {
  const right = faultless();
  answer = (request, body) =>
    request.method === method && bearer.test(request.headers.get("authorization") ?? "none")
      ? json({ id: ID }, method === "POST" ? 201 : 200)
      : right(request, body);
  expect(kinds(await found())).toContain(expected);
});
