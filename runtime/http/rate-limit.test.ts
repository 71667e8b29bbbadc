import { expect, test } from "bun:test";
import { createMemoryBudgets } from "../cache/memory-budgets.ts";
import type { Budget, Budgets } from "../cache/port.ts";
import type { Principal } from "../identity/principal.ts";
import { ProblemError } from "./problem.ts";
import { createRateLimiter, type RateLimiter, type Sender } from "./rate-limit.ts";
import type { RouteSpec } from "./route.ts";

const ANYONES = { callers: "anyone", object: "shared" } as const;
const spec = (change: Partial<RouteSpec>): RouteSpec => ({
  method: "GET",
  path: "/things",
  rights: ANYONES,
  summary: "",
  responses: {},
  ...change,
});
const READ = spec({});
const WRITE = spec({ method: "POST" });
const WEBHOOK = spec({ method: "POST", rateLimit: "webhooks" });
const HEALTH = spec({ rateLimit: "none" });

const perSecond = (units: number) => ({ units, periodMs: 1_000 });
const RATES = {
  reads: perSecond(5),
  writes: perSecond(2),
  address: perSecond(9),
  unauthenticated: perSecond(3),
  webhooks: perSecond(4),
};
const person = (subject: string): Principal => ({
  subject,
  role: "customer",
  scopes: [],
  issuer: "test",
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});
const at = (peer: string): Sender => ({ peer, forwardedFor: null });
const HOME = at("192.0.2.1");

/** Processes over what they share; `shared` may be taken away, and counts how often it is asked. */
function processesAt() {
  const time = { ms: 1_000_000 };
  const clock = { now: () => time.ms };
  const counted = createMemoryBudgets(clock);
  const redis = { isAway: false, asked: 0, keys: new Set<string>() };
  const shared: Budgets = {
    async take(budgets: readonly Budget[]) {
      redis.asked++;
      for (const { key } of budgets) redis.keys.add(key);
      return redis.isAway ? undefined : counted.take(budgets);
    },
  };
  const start = () =>
    createRateLimiter({ clock, rates: () => RATES, trustedProxies: 0, shared, own: createMemoryBudgets(clock) });
  return { time, redis, start };
}

/** How many of `most` pass, and what the first one that does not is told. */
async function passing(ask: () => Promise<void>, most = 100) {
  for (let passed = 0; passed < most; passed++) {
    const error = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) continue;
    if (!(error instanceof ProblemError)) throw error;
    expect([error.problem.status, error.problem.type]).toEqual([429, "/problems/rate-limited"]);
    return { passed, retryAfter: error.headers["retry-after"] };
  }
  return { passed: most, retryAfter: undefined };
}
const asking =
  (limiter: RateLimiter, what: RouteSpec, who: Principal | null, from = HOME) =>
  () =>
    limiter.count(what, who, from);

test("reads and writes have budgets of their own, and so has each principal", async () => {
  const limiter = processesAt().start();
  expect(await passing(asking(limiter, WRITE, person("alice")))).toEqual({ passed: 2, retryAfter: "1" });
  expect((await passing(asking(limiter, READ, person("alice")))).passed).toBe(5);
  expect((await passing(asking(limiter, WRITE, person("bob")))).passed).toBe(2);
});

test("what is used up comes back evenly, and whoever waits as long as he was told gets in", async () => {
  const { time, start } = processesAt();
  const write = asking(start(), WRITE, person("alice"));
  await passing(write);
  time.ms += 499;
  expect((await passing(write)).passed).toBe(0);
  time.ms += 1;
  expect((await passing(write)).passed).toBe(1);
  time.ms += 10_000;
  expect((await passing(write)).passed).toBe(2);
  time.ms += 1_000;
  expect((await passing(write, 1)).passed).toBe(1);
});

test("an address has one budget for all its principals and what is public; bad tokens a smaller one, webhooks another", async () => {
  const limiter = processesAt().start();
  let customer = 0;
  expect((await passing(() => limiter.count(WRITE, person(`customer ${++customer}`), HOME))).passed).toBe(9);
  expect((await passing(asking(limiter, WRITE, person("alice"), at("192.0.2.2")))).passed).toBe(2);
  expect((await passing(asking(limiter, READ, null))).passed).toBe(0);
  expect((await passing(asking(limiter, READ, null, at("192.0.2.3")))).passed).toBe(9);
  expect((await passing(() => limiter.countUnauthenticated(HOME))).passed).toBe(3);
  expect((await passing(asking(limiter, WEBHOOK, null))).passed).toBe(4);
  expect((await passing(asking(limiter, HEALTH, null), 1_000)).passed).toBe(1_000);
});

test("replicas share what they count", async () => {
  const { start } = processesAt();
  const [one, other] = [start(), start()];
  await one.count(WRITE, person("alice"), HOME);
  await other.count(WRITE, person("alice"), HOME);
  expect((await passing(asking(one, WRITE, person("alice")))).passed).toBe(0);
  expect((await passing(asking(other, WRITE, person("alice")))).passed).toBe(0);
});

test("without an answer each counts for itself, asks again a second later, and nobody is let in without being counted", async () => {
  const { time, redis, start } = processesAt();
  redis.isAway = true;
  const [one, other] = [start(), start()];
  expect((await passing(asking(one, WRITE, person("alice")))).passed).toBe(2);
  expect((await passing(asking(other, WRITE, person("alice")))).passed).toBe(2);
  // Only the first request of each has waited for an answer.
  expect(redis.asked).toBe(2);
  redis.isAway = false;
  time.ms += 999;
  await one.count(WRITE, person("alice"), HOME);
  expect(redis.asked).toBe(2);
  time.ms += 1;
  await one.count(WRITE, person("alice"), HOME);
  expect(redis.asked).toBe(3);
});

test("whoever was refused is refused without asking, until the time that he was told", async () => {
  const { time, redis, start } = processesAt();
  const write = asking(start(), WRITE, person("alice"));
  await passing(write);
  const { asked } = redis;
  for (let n = 0; n < 100; n++) expect((await passing(write)).passed).toBe(0);
  expect(redis.asked).toBe(asked);
  time.ms += 1_000;
  expect((await passing(write)).passed).toBe(2);
});

test("a clock that is set back keeps nobody out for longer, nor from what is shared", async () => {
  const { time, redis, start } = processesAt();
  const write = asking(start(), WRITE, person("alice"));
  await passing(write);
  time.ms -= 600_000;
  expect(await passing(write)).toEqual({ passed: 2, retryAfter: "1" });
  time.ms += 500;
  expect((await passing(write)).passed).toBe(1);
  redis.isAway = true;
  time.ms += 10_000;
  await passing(write);
  redis.isAway = false;
  time.ms -= 600_000;
  const { asked } = redis;
  await passing(write);
  expect(redis.asked).toBeGreaterThan(asked);
});

test("nobody's name or address is told to what counts", async () => {
  const { redis, start } = processesAt();
  await start().count(WRITE, person("alice"), HOME);
  const keys = [...redis.keys];
  expect(keys).toHaveLength(2);
  for (const key of keys) expect(key).toMatch(/^(writes|address):[A-Za-z0-9_-]{22}$/);
});
