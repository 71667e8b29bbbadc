/** Client and server against each other, over loopback, with tokens of a development issuer. */
import { afterAll, afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { createApp, handlerOf } from "../http/app.ts";
import { type RunningServer, startServer } from "../http/server.ts";
import { openDevelopmentIssuer } from "../identity/development-issuer.ts";
import { issuedTokens } from "../identity/service-tokens.ts";
import { createTokenVerifier } from "../identity/token-verifier.ts";
import { createIds } from "../ids.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { until } from "../until.fixture.ts";
import { createBreakers } from "./circuit-breaker.ts";
import { createRpc } from "./dispatch.ts";
import { createHttpRpc } from "./http.ts";
import { answers, defineRpc, type RpcClient, type RpcHandler, RpcUnavailable } from "./port.ts";
import { rawAnswer, rawServer } from "./raw-server.fixture.ts";
import { mountRpc } from "./serve.ts";

const quote = defineRpc({
  module: "pricing",
  name: "quote",
  request: z.object({ sku: z.string() }),
  response: z.object({ text: z.string() }),
});
const root = mkdtempSync(join(tmpdir(), "rpc-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const clock = { now: () => Date.now() };
const random = systemRandom();
const issuer = await openDevelopmentIssuer(root, clock);
const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(0);
});

interface CalleeChange {
  readonly port?: number;
  readonly trusted?: typeof issuer;
  readonly nowMs?: () => number;
}

/** A process that serves `pricing`. */
function callee(handlers: readonly RpcHandler[], { port = 0, trusted = issuer, nowMs = clock.now }: CalleeChange = {}) {
  const reported: unknown[] = [];
  const ids = createIds(clock, random);
  const onError = (error: unknown) => void reported.push(error);
  const app = createApp({ ids, onError });
  mountRpc(app, {
    handlers,
    allowed: () => ["order", "edge"],
    verifier: createTokenVerifier({ issuers: [trusted.trustedServices], clock: { now: nowMs }, scheduler }),
    closing: () => false,
    scheduler,
    ids,
    bodyTimeoutMs: 1000,
    onError,
  });
  const handler = handlerOf(app);
  const server = startServer({ handler, hostname: "127.0.0.1", port, portSetting: "PORT", scheduler, onError });
  servers.push(server);
  return { url: server.url, port: server.port, reported, stop: () => server.stop(0) };
}

/** A process that asks; it speaks for `order`. */
const caller = (url: string, callers: readonly string[] = ["order"]): RpcClient =>
  createHttpRpc({
    baseUrl: () => url,
    tokens: issuedTokens(issuer, callers, clock),
    breakers: createBreakers({ clock, random, log: () => undefined }),
    clock,
    scheduler,
    random,
  });
const ask = (rpc: RpcClient, timeoutMs = 5000) => rpc.call(quote, { sku: "a" }, { timeoutMs });
const echo = answers(quote, async ({ sku }) => ({ text: sku }));

async function refusal(asked: Promise<unknown>): Promise<RpcUnavailable> {
  const error = await asked.catch((reason: unknown) => reason);
  if (error instanceof RpcUnavailable) return error;
  throw new Error(`expected RpcUnavailable, got ${String(error)}`);
}

test("a crowd of calls is answered, each with its own answer", async () => {
  const { url } = callee([echo]);
  const rpc = caller(url);
  const skus = Array.from({ length: 500 }, (_, n) => `sku ${n}`);
  const texts = await Promise.all(skus.map((sku) => rpc.call(quote, { sku }, { timeoutMs: 20_000 })));
  expect(texts.map(({ text }) => text)).toEqual(skus);
});

test("an answer may be larger than a request", async () => {
  const text = "x".repeat(5_000_000);
  const { url } = callee([answers(quote, async () => ({ text }))]);
  expect((await ask(caller(url))).text).toHaveLength(5_000_000);
});

test("a module of this process and one of another give the same answers and the same errors", async () => {
  const bug = answers(quote, () => Promise.reject(new Error("planted")));
  const late = answers(quote, () => new Promise(() => undefined));
  for (const handler of [echo, bug, late]) {
    const { url } = callee([handler]);
    const split = createRpc({ local: [], remote: caller(url), scheduler });
    const together = createRpc({ local: [handler], remote: caller("http://127.0.0.1:9"), scheduler });
    const outcomes = await Promise.allSettled([ask(split, 200), ask(together, 200)]);
    const [there, here] = outcomes.map((each) => (each.status === "fulfilled" ? each.value : each.reason.name));
    expect(there).toEqual(here);
  }
});

test("a callee that is down is named at once, and answers again when it is back", async () => {
  const first = callee([echo]);
  const rpc = caller(first.url);
  await ask(rpc);
  await first.stop();
  const error = await refusal(ask(rpc, 60_000));
  expect(error.message).toMatch(/^pricing\.quote cannot be reached at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
  await until("it is given a rest", async () => (await refusal(ask(rpc))).message.includes("it is tried again in"));
  callee([echo], { port: first.port });
  const isAnswered = () => ask(rpc).then(Boolean, () => false);
  await until("it is back", isAnswered, 20_000);
});

test("a restart between two calls is not noticed", async () => {
  const first = callee([echo]);
  const rpc = caller(first.url);
  for (let restarts = 0; restarts < 3; restarts++) {
    expect(await ask(rpc)).toEqual({ text: "a" });
    await servers.pop()?.stop(0);
    callee([echo], { port: first.port });
  }
  expect(await ask(rpc)).toEqual({ text: "a" });
});

test("a connection that breaks under a question is made again", async () => {
  const server = await rawServer(({ socket, connection, number }) => {
    if (connection === 1 && number === 2) socket.resetAndDestroy();
    else socket.write(rawAnswer("200 OK", { "content-type": "application/json" }, '{"text":"raw"}'));
  });
  const rpc = caller(server.url);
  await ask(rpc);
  expect(await ask(rpc)).toEqual({ text: "raw" });
  expect([server.requests, server.connections]).toEqual([3, 2]);
  await server.stop();
});

test("a callee that is slow costs no more than the time that the caller gave, and stops waiting as well", async () => {
  const { url, reported } = callee([answers(quote, () => new Promise(() => undefined))]);
  // Both ends watch the time; either may be first to say so.
  expect((await refusal(ask(caller(url), 50))).message).toMatch(/gave no answer in \d+ ms/);
  expect(reported).toEqual([]);
});

test("a bug of the callee is found by what the error says", async () => {
  const { url, reported } = callee([answers(quote, () => Promise.reject(new Error("planted")))]);
  const { message, cause } = await refusal(ask(caller(url)));
  expect(message).toMatch(/^pricing\.quote answers 500: .* \(urn:uuid:[-0-9a-f]{36}\)$/);
  expect(cause).toBeInstanceOf(Error);
  expect(reported).toHaveLength(1);
});

test("who may not ask hears what lets it", async () => {
  const { url } = callee([echo]);
  const { message } = await refusal(ask(caller(url, ["delivery"])));
  expect(message).toContain("answers 403: delivery may not ask pricing.quote.");
  expect(message).toContain("SERVICE_ACCOUNTS");
});

test("a token of another machine, and one that has ended, say what to check", async () => {
  const stranger = await openDevelopmentIssuer(join(root, "stranger"), clock);
  const { url } = callee([echo], { trusted: stranger });
  expect((await refusal(ask(caller(url)))).message).toMatch(/answers 401: The token is not valid here.*DATA_DIR/);
  const later = callee([echo], { nowMs: () => clock.now() + 3_600_000 });
  expect((await refusal(ask(caller(later.url)))).message).toMatch(/answers 401: The token has expired/);
});

test("something else on that port is told apart from an outage", async () => {
  const server = await rawServer(({ socket }) =>
    socket.write(rawAnswer("200 OK", { "content-type": "text/html" }, "<html>")),
  );
  const error = await refusal(ask(caller(server.url)));
  expect(error.message).toContain("answers 200 text/html (PRICING_RPC_URL must name an internal port");
  expect(error.cause).toBeInstanceOf(Error);
  await server.stop();
});
