import { expect, test } from "bun:test";
import * as z from "zod";
import { systemClock } from "../clock.ts";
import { systemScheduler } from "../scheduler.ts";
import { virtualTime } from "../virtual-time.fixture.ts";
import type { Exchanged, Sent } from "./exchange.ts";
import { defineRpc, RpcUnavailable } from "./port.ts";
import { rawAnswer, rawServer } from "./raw-server.fixture.ts";
import { createReplicas, HostUnknown } from "./replicas.ts";

const count = defineRpc({ module: "shelf", name: "count", request: z.object({}), response: z.int() });
const ok = (text: string): Exchanged => ({ ok: true, text });
const refused: Exchanged = {
  ok: false,
  kind: "unreachable",
  reason: "cannot be reached",
  status: 0,
  retryAfterMs: null,
};
const failsWith = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));

/** Processes by their address, each with its answer; one without an answer hangs. */
function platform(
  processes: Readonly<Record<string, Exchanged>>,
  lookUp: () => Promise<readonly string[]> = async () => ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
  baseUrl = "http://shelf:8081",
) {
  const time = virtualTime();
  const sent: Sent[] = [];
  let dropped = 0;
  const replicas = createReplicas({
    ...time,
    baseUrl: () => baseUrl,
    lookUp,
    tokens: { current: async () => "t" },
    connections: () => ({
      exchange(request, signal) {
        sent.push(request);
        const answer = processes[new URL(request.url).hostname];
        if (answer) return Promise.resolve(answer);
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve(refused)));
      },
      dropIdle: () => dropped++,
    }),
  });
  const ask = async () => {
    const asked = replicas.ask(count, {}, { timeoutMs: 1000 }).catch((error: unknown) => error);
    await time.advance(1000);
    return asked;
  };
  return { ask, sent, pending: () => time.pending, dropped: () => dropped };
}

test("each address is asked once, and gives its own answer or its own reason", async () => {
  const { ask, sent, pending, dropped } = platform({ "10.0.0.1": ok("7"), "10.0.0.3": refused });
  expect(await ask()).toEqual([
    { address: "http://10.0.0.1:8081", answer: 7 },
    { address: "http://10.0.0.2:8081", problem: "shelf.count gave no answer in 1000 ms" },
    { address: "http://10.0.0.3:8081", problem: "shelf.count cannot be reached" },
  ]);
  expect(sent.map(({ url, token, text }) => [url, token, text])).toEqual(
    [1, 2, 3].map((n) => [`http://10.0.0.${n}:8081/rpc/shelf/count`, "t", "{}"]),
  );
  expect([pending(), dropped()]).toEqual([0, 1]);
});

test("what is no answer of the method is told of the one that gave it", async () => {
  const { ask } = platform({ "10.0.0.1": ok('"many"'), "10.0.0.2": ok("7"), "10.0.0.3": ok("8") });
  expect(await ask()).toMatchObject([
    { problem: expect.stringContaining("shelf.count answers against its contract") },
    { answer: 7 },
    { answer: 8 },
  ]);
});

test("addresses of IPv6 are written as such; a name with a certificate is asked by its name", async () => {
  const six = platform({ "[fd00::1]": ok("7") }, async () => ["fd00::1"], "http://shelf:8081/base");
  expect(await six.ask()).toEqual([{ address: "http://[fd00::1]:8081/base", answer: 7 }]);
  const secured = platform({ shelf: ok("7") }, undefined, "https://shelf:8443");
  expect(await secured.ask()).toEqual([{ address: "https://shelf:8443", answer: 7 }]);
});

test("a name that leads nowhere is told apart from a name service that is away or hangs", async () => {
  const unknown = await platform({}, failsWith("ENOTFOUND")).ask();
  expect(unknown).toBeInstanceOf(HostUnknown);
  expect(String(unknown)).toContain("no address is known for shelf (ENOTFOUND): SHELF_RPC_URL");
  const away = await platform({}, failsWith("EAI_AGAIN")).ask();
  expect(away).toBeInstanceOf(RpcUnavailable);
  expect(away).not.toBeInstanceOf(HostUnknown);
  const hangs = await platform({}, () => new Promise(() => undefined)).ask();
  expect(String(hangs)).toContain("the name service said nothing about shelf in 1000 ms");
});

test("without a token nobody is asked, and the reason is told", async () => {
  const { clock, scheduler } = virtualTime();
  const replicas = createReplicas({
    clock,
    scheduler,
    baseUrl: () => "http://shelf:8081",
    lookUp: async () => ["10.0.0.1"],
    tokens: { current: () => Promise.reject(new Error("the token has ended")) },
    connections: () => ({ exchange: () => Promise.reject(new Error("must not be asked")), dropIdle: () => undefined }),
  });
  expect(await replicas.ask(count, {}, { timeoutMs: 1000 })).toEqual([
    { address: "http://10.0.0.1:8081", problem: "the token has ended" },
  ]);
});

test("over sockets: one that answers and one that takes the request and says nothing", async () => {
  const answering = await rawServer(({ socket }) => {
    socket.write(rawAnswer("200 OK", { "content-type": "application/json" }, "7"));
  });
  const silent = await rawServer(() => undefined);
  const asked = async (url: string, timeoutMs: number) => {
    const { port } = new URL(url);
    const replicas = createReplicas({
      clock: systemClock,
      scheduler: systemScheduler,
      baseUrl: () => `http://shelf:${port}`,
      lookUp: async () => ["127.0.0.1"],
      tokens: { current: async () => "t" },
    });
    return replicas.ask(count, {}, { timeoutMs });
  };
  try {
    expect(await asked(answering.url, 10_000)).toEqual([{ address: answering.url, answer: 7 }]);
    expect(await asked(silent.url, 200)).toEqual([
      { address: silent.url, problem: "shelf.count gave no answer in 200 ms" },
    ]);
  } finally {
    await Promise.all([answering.stop(), silent.stop()]);
  }
});
