import { expect, test } from "bun:test";
import * as z from "zod";
import { DatabaseError } from "../database/port.ts";
import { createApp, handlerOf } from "../http/app.ts";
import { startServer } from "../http/server.ts";
import type { ServicePrincipal } from "../identity/service-principal.ts";
import type { TokenVerifier } from "../identity/token-verifier.ts";
import { createIds } from "../ids.ts";
import { seededRandom } from "../random.ts";
import { systemScheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { answers, defineRpc, type RpcHandler, RpcUnavailable } from "./port.ts";
import { mountRpc } from "./serve.ts";

const quote = defineRpc({
  module: "pricing",
  name: "quote",
  request: z.object({ sku: z.string().max(20) }),
  response: z.object({ amount: z.int() }),
});
const list = defineRpc({ module: "pricing", name: "deadLetters.list", request: z.object({}), response: z.string() });
const verifier: TokenVerifier<ServicePrincipal> = {
  verify(token) {
    if (token === "away") return { ok: false, reason: "unavailable", detail: "The token cannot be checked now." };
    if (token === "old") return { ok: false, reason: "expired", detail: "The token has expired." };
    return { ok: true, principal: { subject: "service", callers: token.split("."), expiresAtMs: 9e15 } };
  },
};

function serverOf(handlers: readonly RpcHandler[], closing = false) {
  const reported: unknown[] = [];
  const about: unknown[] = [];
  const ids = createIds({ now: () => 1_700_000_000_000 }, seededRandom(1));
  const onError = (error: unknown, request: unknown) => {
    reported.push(error);
    about.push(request);
  };
  const app = createApp({ ids, onError });
  mountRpc(app, {
    handlers,
    allowed: (method) => (method === "pricing.quote" ? ["order", "edge"] : ["edge"]),
    verifier,
    closing: () => closing,
    scheduler: systemScheduler,
    ids,
    bodyTimeoutMs: 1000,
    onError,
  });
  const handler = handlerOf(app);
  const ask = async (
    change: { method?: string; path?: string; headers?: Record<string, string>; body?: string } = {},
  ) => {
    const { method = "POST", path = "/rpc/pricing/quote", headers = {}, body = '{"sku":"a"}' } = change;
    const init = { method, headers: { ...usual, ...headers }, ...(method === "POST" ? { body } : {}) };
    const response = await handler(new Request(`http://h${path}`, init));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text === "" ? null : JSON.parse(text) };
  };
  return { ask, handler, reported, about };
}
const usual = { authorization: "Bearer order", "content-type": "application/json", "rpc-timeout-ms": "1000" };
const seven = answers(quote, async () => ({ amount: 7 }));

test("answers what the schema lets through, and knows nothing of other methods' names", async () => {
  const heard: unknown[] = [];
  const handler = answers(quote, async (request) => {
    heard.push(request);
    return { amount: 7, secret: "not in the contract" };
  });
  const { ask } = serverOf([handler, answers(list, async () => "letters")]);
  const { status, text, headers } = await ask({ body: '{"sku":"a","more":1}' });
  expect([status, text]).toEqual([200, '{"amount":7}']);
  expect(headers.get("content-type")).toBe("application/json");
  expect(heard).toEqual([{ sku: "a" }]);
  const letters = { path: "/rpc/pricing/deadLetters.list", headers: { authorization: "Bearer edge" }, body: "{}" };
  expect((await ask(letters)).text).toBe('"letters"');
});

const refused: readonly (readonly [string, Parameters<ReturnType<typeof serverOf>["ask"]>[0], number, string])[] = [
  ["without a token", { headers: { authorization: "" } }, 401, "unauthenticated"],
  ["with a token that has expired", { headers: { authorization: "Bearer old" } }, 401, "unauthenticated"],
  ["while tokens cannot be checked", { headers: { authorization: "Bearer away" } }, 503, "unavailable"],
  ["of a method that is not here", { path: "/rpc/pricing/nothing" }, 404, "not-found"],
  ["of a module that is not here", { path: "/rpc/payment/quote" }, 404, "not-found"],
  ["of a caller that may not", { headers: { authorization: "Bearer delivery.payment" } }, 403, "forbidden"],
  ["in another form", { headers: { "content-type": "text/plain" } }, 415, "unsupported-media-type"],
  ["without a deadline", { headers: { "rpc-timeout-ms": "" } }, 400, "invalid-request"],
  ["with no time left", { headers: { "rpc-timeout-ms": "0" } }, 400, "invalid-request"],
  ["with a deadline beyond all", { headers: { "rpc-timeout-ms": "60001" } }, 400, "invalid-request"],
  ["too large", { body: JSON.stringify("x".repeat(1024 * 1024)) }, 413, "body-too-large"],
  ["that is no JSON", { body: '{"sku"' }, 400, "invalid-request"],
  ["against the schema", { body: '{"sku":17}' }, 400, "invalid-request"],
  ["by another method", { method: "GET" }, 405, "method-not-allowed"],
];
test.each(refused)("a request %s is refused, and handled by nobody", async (_what, request, status, slug) => {
  let handled = 0;
  const { ask, reported } = serverOf([
    answers(quote, async () => {
      handled++;
      return { amount: 7 };
    }),
  ]);
  const answer = await ask(request);
  expect([answer.status, answer.json.type]).toEqual([status, `/problems/${slug}`]);
  expect([handled, reported.length]).toEqual([0, 0]);
});

test("what does not fit the schema is named, and its value is not", async () => {
  const { ask } = serverOf([seven]);
  const { json } = await ask({ body: '{"sku":"a secret that is much too long"}' });
  expect(json.detail).toContain("pricing.quote takes no such request: sku: ");
  expect(json.detail).not.toContain("secret");
});

test("strangers hear of no method", async () => {
  const { ask } = serverOf([seven]);
  expect((await ask({ path: "/rpc/pricing/nothing", headers: { authorization: "" } })).status).toBe(401);
});

test("any of the names that a process speaks for may be allowed", async () => {
  const { ask } = serverOf([seven]);
  expect((await ask({ headers: { authorization: "Bearer delivery.edge" } })).status).toBe(200);
});

test("a handler's bug is reported, and the answer tells nothing of it", async () => {
  const bug = new Error("alice@example.com is broken");
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { ask, reported, about } = serverOf([answers(quote, () => Promise.reject(bug))]);
  const { status, text, json } = await ask({ headers: { traceparent } });
  expect([status, json.type]).toEqual([500, "/problems/internal-error"]);
  expect(text).not.toContain("alice");
  expect(json.instance).toStartWith("urn:uuid:");
  expect(reported).toEqual([bug]);
  const { instance } = json;
  expect(about).toEqual([{ method: "POST", path: "/rpc/pricing/quote", module: "pricing", traceparent, instance }]);
});

test("an answer against the contract is a bug as well", async () => {
  const { ask, reported } = serverOf([answers(quote, async () => ({ amount: 1.5 }))]);
  expect((await ask()).status).toBe(500);
  expect(reported).toHaveLength(1);
});

test.each([
  ["its database", new DatabaseError("unavailable", "", "away")],
  ["whom it asks", new RpcUnavailable("stock gave no answer in 10 ms")],
])("when %s is away the caller may ask again soon", async (_what, outage) => {
  const { ask, reported } = serverOf([answers(quote, () => Promise.reject(outage))]);
  const { status, headers, json } = await ask();
  expect([status, json.type]).toEqual([503, "/problems/unavailable"]);
  expect(headers.get("retry-after")).toMatch(/^[12]$/);
  expect(reported).toEqual([outage]);
});

test("whoever is late is given up when the caller's time is over", async () => {
  const { ask, reported } = serverOf([answers(quote, () => new Promise(() => undefined))]);
  const { status, headers, json } = await ask({ headers: { "rpc-timeout-ms": "30" } });
  expect([status, json.detail]).toEqual([503, "pricing.quote gave no answer in 30 ms."]);
  expect([headers.get("retry-after"), reported.length]).toEqual([null, 0]);
});

test("while it closes, callers are sent to another replica, at once and on another connection", async () => {
  const { ask } = serverOf([seven], true);
  const { status, headers } = await ask();
  expect([status, headers.get("retry-after"), headers.get("connection")]).toEqual([503, "0", "close"]);
});

test("nobody waits for a handler whose caller has gone", async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { handler } = serverOf([
    answers(quote, () => {
      start();
      return new Promise(() => undefined);
    }),
  ]);
  const ends: number[] = [];
  const server = startServer({
    handler: async (request, bindings) => {
      const response = await handler(request, bindings);
      ends.push(response.status);
      return response;
    },
    hostname: "127.0.0.1",
    port: 0,
    portSetting: "PORT",
    scheduler: systemScheduler,
    onError: (error) => console.error(error),
  });
  const abort = new AbortController();
  const asked = fetch(`${server.url}/rpc/pricing/quote`, {
    method: "POST",
    headers: { ...usual, "rpc-timeout-ms": "60000" },
    body: '{"sku":"a"}',
    signal: abort.signal,
  });
  await started;
  expect(ends).toEqual([]);
  abort.abort();
  await expect(asked).rejects.toThrow();
  await until("it has ended", () => ends.length === 1);
  await server.stop(0);
});
