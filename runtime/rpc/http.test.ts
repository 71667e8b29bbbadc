/** The client's decisions, on virtual time, over connections whose answers a test writes down. */
import { expect, test } from "bun:test";
import * as z from "zod";
import { seededRandom } from "../random.ts";
import { virtualTime } from "../virtual-time.fixture.ts";
import { createBreakers } from "./circuit-breaker.ts";
import type { Exchanged, Failure, FailureKind, Sent } from "./exchange.ts";
import { createHttpRpc } from "./http.ts";
import { defineRpc, type RpcMethod, RpcUnavailable } from "./port.ts";

const quote = defineRpc({
  module: "pricing",
  name: "quote",
  request: z.object({ sku: z.string() }),
  response: z.object({ amount: z.int() }),
});
const withEffect = defineRpc({ ...quote, name: "withEffect", effect: true });

const ANSWERED: Exchanged = { ok: true, text: '{"amount":7}' };
const failing = (kind: FailureKind, status = 0, retryAfterMs: number | null = null): Failure => ({
  ok: false,
  kind,
  reason: `went ${kind}`,
  status,
  retryAfterMs,
});

/** A client and a callee that answers as the script says, the last line again and again; null: never. */
function bench(script: readonly (Exchanged | null)[], token: () => Promise<string> = async () => "t") {
  const time = virtualTime();
  const startMs = time.clock.now();
  const sent: (Sent & { atMs: number })[] = [];
  const events: string[] = [];
  let dropped = 0;
  let underWay = 0;
  let most = 0;
  const rpc = createHttpRpc({
    baseUrl: (module) => `http://${module}:8081`,
    tokens: { current: token },
    clock: time.clock,
    scheduler: time.scheduler,
    random: seededRandom(1),
    breakers: createBreakers({ ...time, random: seededRandom(2), log: (_level, event) => events.push(event) }),
    connections: () => ({
      async exchange(request, signal) {
        sent.push({ ...request, atMs: time.clock.now() - startMs });
        most = Math.max(most, ++underWay);
        const line = script[Math.min(sent.length, script.length) - 1] ?? null;
        const aborted = new Promise<Exchanged>((resolve) => {
          signal.addEventListener("abort", () => resolve(failing("lost")));
        });
        return (line === null ? aborted : time.scheduler.sleep(1).then(() => line)).finally(() => underWay--);
      },
      dropIdle: () => dropped++,
    }),
  });
  const call = async (timeoutMs = 5000, method: RpcMethod<{ sku: string }, { amount: number }> = quote) => {
    const outcome = rpc.call(method, { sku: "a" }, { timeoutMs }).then(
      (answer) => answer,
      (error: unknown) => {
        if (error instanceof RpcUnavailable) return error;
        throw error;
      },
    );
    await time.advance(timeoutMs);
    return outcome;
  };
  return {
    rpc,
    advance: time.advance,
    pending: () => time.pending,
    call,
    sent,
    events,
    counts: () => ({ dropped, most, underWay }),
  };
}

function refusal(outcome: { amount: number } | RpcUnavailable): RpcUnavailable {
  if (outcome instanceof RpcUnavailable) return outcome;
  throw new Error("expected a refusal, got an answer");
}

test("asks the module's own address, with the request and the time that is left", async () => {
  const { call, sent } = bench([ANSWERED]);
  expect(await call(1500)).toEqual({ amount: 7 });
  expect(sent).toEqual([
    { url: "http://pricing:8081/rpc/pricing/quote", token: "t", text: '{"sku":"a"}', timeoutMs: 1500, atMs: 0 },
  ]);
});

const repeated: readonly (readonly [method: "a question" | "an effect", FailureKind, number, number | null, number])[] =
  [
    ["a question", "unreachable", 0, null, 3],
    ["a question", "lost", 0, null, 3],
    ["a question", "busy", 503, 1000, 3],
    ["a question", "busy", 503, null, 1],
    ["a question", "declined", 500, null, 1],
    ["a question", "foreign", 200, null, 1],
    ["an effect", "unreachable", 0, null, 3],
    ["an effect", "lost", 0, null, 1],
    ["an effect", "busy", 503, 1000, 1],
  ];
test.each(repeated)("%s that went %s (%p, Retry-After %p) is asked so often: %p", async (...line) => {
  const [method, kind, status, retryAfterMs, times] = line;
  const { call, sent } = bench([failing(kind, status, retryAfterMs)]);
  const { message } = refusal(await call(5000, method === "an effect" ? withEffect : quote));
  expect(sent).toHaveLength(times);
  expect(message).toContain(`went ${kind}`);
  expect(message.includes("asked 3 times")).toBe(times === 3);
});

test("an answer to a repetition is the answer", async () => {
  const { call, sent, counts } = bench([failing("lost"), failing("busy", 503, 1000), ANSWERED]);
  expect(await call()).toEqual({ amount: 7 });
  expect(sent.map(({ timeoutMs, atMs }) => timeoutMs + atMs)).toEqual([5000, 5000, 5000]);
  // After a connection that was lost idle ones are not trusted.
  expect(counts().dropped).toBe(1);
});

test("pauses grow, and are never shorter than the callee asks for", async () => {
  const { call, sent } = bench([failing("unreachable")]);
  await call();
  const [first = 0, second = 0, third = 0] = sent.map(({ atMs }) => atMs);
  expect(second - first).toBeWithin(15, 33);
  expect(third - second).toBeWithin(30, 63);
  const asked = bench([failing("busy", 503, 1000), ANSWERED]);
  await asked.call();
  expect(asked.sent[1]?.atMs).toBe(1001);
});

test("is not repeated when the time is over before", async () => {
  const { call, sent } = bench([failing("busy", 503, 1000)]);
  expect(refusal(await call(900)).message).toContain("went busy");
  expect(sent).toHaveLength(1);
});

test("a silent callee costs the time that the caller gave, and nothing stays behind", async () => {
  const { call, counts, pending } = bench([null]);
  expect(refusal(await call(250)).message).toBe("pricing.quote gave no answer in 250 ms");
  expect(counts()).toEqual({ dropped: 1, most: 1, underWay: 0 });
  expect(pending()).toBe(0);
});

test("the deadline ends a pause between two attempts", async () => {
  const { call, sent } = bench([failing("unreachable"), null]);
  expect(refusal(await call(400)).message).toContain("no answer in 400 ms");
  expect(sent).toHaveLength(2);
});

test("a callee that is away is soon given a rest: refused at once, then one probe, then back", async () => {
  const script: Exchanged[] = Array.from({ length: 16 }, () => failing("unreachable"));
  const { call, sent, events, advance } = bench([...script, ANSWERED]);
  for (let calls = 0; calls < 5; calls++) await call(100);
  expect(events).toEqual(["rpc.away"]);
  const before = sent.length;
  expect(refusal(await call(10)).message).toMatch(/^pricing does not answer \(went unreachable\); .* again in \d+ ms$/);
  expect(sent).toHaveLength(before);
  await advance(500);
  // A probe is one request.
  expect(refusal(await call(100)).message).toContain("went unreachable");
  expect(sent).toHaveLength(before + 1);
  await advance(1000);
  expect(await call(100)).toEqual({ amount: 7 });
  expect(await call(100)).toEqual({ amount: 7 });
  expect(events).toEqual(["rpc.away", "rpc.back"]);
});

test.each([
  ["declined", 500],
  ["declined", 403],
] as const)("what a callee answers itself (%s %p) never gives it a rest", async (kind, status) => {
  const { call, sent } = bench([failing(kind, status)]);
  for (let calls = 0; calls < 12; calls++) await call(100);
  expect(sent).toHaveLength(12);
});

test("an outage is not multiplied: repetitions are few once the reserve is spent", async () => {
  // Every other call is answered, so that the breaker stays closed and the budget alone decides.
  const { rpc, sent, advance } = bench(
    Array.from({ length: 5000 }, (_, n) => (n % 3 === 2 ? ANSWERED : failing("lost"))),
  );
  for (let calls = 0; calls < 400; calls++) {
    rpc.call(quote, { sku: "a" }, { timeoutMs: 2000 }).catch(() => undefined);
    await advance(200);
  }
  const repetitions = sent.length - 400;
  expect(repetitions).toBeWithin(60, 81);
});

test("a crowd goes in turns, so that one callee never takes all connections", async () => {
  const { rpc, counts, advance } = bench([ANSWERED]);
  const calls = Array.from({ length: 200 }, () => rpc.call(quote, { sku: "a" }, { timeoutMs: 5000 }));
  await advance(10);
  expect(await Promise.all(calls)).toHaveLength(200);
  expect(counts().most).toBe(40);
});

test("who waits for a turn waits no longer than its deadline, and a queue too long is refused at once", async () => {
  const { rpc, sent, advance } = bench([null]);
  const calls = Promise.allSettled(
    Array.from({ length: 1041 }, () => rpc.call(quote, { sku: "a" }, { timeoutMs: 300 })),
  );
  await advance(300);
  const reasons = (await calls).map((each) => (each.status === "rejected" ? String(each.reason) : "answered"));
  expect(reasons).not.toContain("answered");
  expect(reasons.filter((reason) => /no answer in 300 ms|no turn in time/.test(reason))).toHaveLength(1040);
  expect(reasons.at(-1)).toContain("pricing has 40 requests in hand, and 1000 more wait");
  expect(sent).toHaveLength(40);
});

test.each([
  ["no JSON", "nonsense"],
  ["against the schema", '{"amount":"seven"}'],
])("an answer that is %s is unavailable, is a bug, and is not asked for again", async (_what, text) => {
  const { call, sent } = bench([{ ok: true, text }]);
  const error = refusal(await call());
  expect(error.message).toContain("pricing.quote answers against its contract");
  expect(error.cause).toBeInstanceOf(Error);
  expect(sent).toHaveLength(1);
});

test.each([
  [401, "DATA_DIR"],
  [403, "SERVICE_ACCOUNTS"],
  [404, "PRICING_RPC_URL"],
] as const)("%p says what to check, and is reported", async (status, advice) => {
  const { call } = bench([failing("declined", status)]);
  const error = refusal(await call());
  expect(error.message).toContain(advice);
  expect(error.cause).toBeInstanceOf(Error);
});

test("an outage has no cause: it is reported where it is met first", async () => {
  const { call } = bench([failing("unreachable")]);
  expect(refusal(await call()).cause).toBeUndefined();
});

test("without a token nothing is sent, and the callee is not blamed", async () => {
  const { call, sent, events } = bench([ANSWERED], () => Promise.reject(new Error("mount the token")));
  for (let calls = 0; calls < 6; calls++)
    expect(refusal(await call(100)).message).toBe("pricing.quote: mount the token");
  expect([sent.length, events.length]).toEqual([0, 0]);
});

test("a request that is too long, or is none, is refused before it is sent", async () => {
  const { rpc, sent } = bench([ANSWERED]);
  const long = rpc.call(quote, { sku: "x".repeat(1024 * 1024) }, { timeoutMs: 100 });
  await expect(long).rejects.toThrow("takes at most 1048576 bytes");
  const wrong = { ...quote, request: z.object({ sku: z.string().max(1) }) };
  await expect(rpc.call(wrong, { sku: "long" }, { timeoutMs: 100 })).rejects.toThrow("takes no such request");
  expect(sent).toHaveLength(0);
});
