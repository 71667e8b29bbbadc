/** What a real Redis does to its users when it goes away, hangs, refuses them or may only be read. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type ExternalRedis, startExternalRedis } from "../../tests/provision/external-redis.ts";
import { systemClock } from "../clock.ts";
import { createRateLimiter } from "../http/rate-limit.ts";
import { until } from "../until.fixture.ts";
import { becameThere, type End, hasRedis, openEnd } from "./adapters.fixture.ts";
import { createMemoryBudgets } from "./memory-budgets.ts";
import type { Budgets } from "./port.ts";
import type { RedisLimits } from "./redis.ts";

setDefaultTimeout(60_000);
const isThere = await hasRedis("runtime/cache/redis");
const onRedis = test.skipIf(!isThere);

const LONG_MS = 600_000;
const SOON_MS = 20_000;
/** So long that a test which waits for it fails. */
const NEVER_MS = 300_000;
const ENDLESS: RedisLimits = { answerMs: NEVER_MS, connectMs: NEVER_MS, silenceMs: NEVER_MS, proveEveryMs: NEVER_MS };

let redis: ExternalRedis;
const opened: End[] = [];

beforeAll(async () => {
  if (isThere) redis = await startExternalRedis();
}, 300_000);

afterEach(async () => {
  for (const end of opened.splice(0)) end.close();
  if (!isThere) return;
  redis.thaw();
  await redis.start();
});

afterAll(async () => {
  if (isThere) await redis.stop();
});

/** An end that is closed after the test. */
function open(limits?: Partial<RedisLimits>, url = redis.url, ca?: string): End {
  const end = openEnd(url, limits, ca);
  opened.push(end);
  return end;
}

const becameAway = (end: End) =>
  until("it is told that Redis is away", () => typeof end.conditions.at(-1) === "string", SOON_MS);

/** Whether an end keeps texts: within a while, for others may be at work on the machine. */
const works = ({ cache }: End) =>
  until(
    "texts are kept",
    async () => (await cache.set("works", "yes", LONG_MS)) && (await cache.get("works")) === "yes",
  );

onRedis("killed under load it costs nothing but answers, is told once, and serves again when it is back", async () => {
  const end = open({ answerMs: NEVER_MS });
  await becameThere(end);
  let isOver = false;
  let [found, missed] = [0, 0];
  const users = Array.from({ length: 20 }, async (_, user) => {
    while (!isOver) {
      await end.cache.set(`user ${user}`, "text", LONG_MS);
      const kept = await end.cache.get(`user ${user}`);
      if (kept === "text") found++;
      else missed++;
      await Bun.sleep(1);
    }
  });
  await until("they find their texts", () => found > 100);
  await redis.kill();
  await becameAway(end);
  const missedBefore = missed;
  await until("they miss them", () => missed > missedBefore + 100);
  expect(await end.cache.get("user 0")).toBeUndefined();
  expect(await end.cache.set("user 0", "text", LONG_MS)).toBe(false);
  expect(await end.cache.remove(["user 0"])).toBe(false);
  await redis.start();
  await becameThere(end);
  const foundBefore = found;
  await until("they find them again", () => found > foundBefore + 100);
  isOver = true;
  await Promise.all(users);
  expect(end.conditions).toEqual([null, expect.any(String), null]);
});

onRedis("frozen for a moment it is late, and nothing else", async () => {
  const end = open({ answerMs: 50, silenceMs: NEVER_MS });
  await becameThere(end);
  await works(end);
  redis.freeze();
  expect(await end.cache.get("works")).toBeUndefined();
  expect(await end.cache.set("other", "text", LONG_MS)).toBe(false);
  expect(await end.cache.remove(["works"])).toBe(false);
  redis.thaw();
  await until("what was late has happened, once", async () => (await end.cache.get("other")) === "text");
  expect(await end.cache.get("works")).toBeNull();
  await works(end);
  expect(end.conditions).toEqual([null]);
});

onRedis("frozen for long it is given up, so that nobody waits for it, until it thaws", async () => {
  const end = open({ silenceMs: 200, answerMs: NEVER_MS });
  await becameThere(end);
  redis.freeze();
  // Ends with the connection, long before an answer is late.
  expect(await end.cache.get("works")).toBeUndefined();
  await becameAway(end);
  expect(await end.cache.get("works")).toBeUndefined();
  redis.thaw();
  await becameThere(end);
  await works(end);
  expect(end.conditions).toEqual([null, expect.any(String), null]);
});

onRedis("a hang is noticed also while nobody asks for anything", async () => {
  const end = open({ silenceMs: 200, proveEveryMs: 50 });
  await becameThere(end);
  redis.freeze();
  await becameAway(end);
  redis.thaw();
  await becameThere(end);
});

onRedis("away or frozen at the start it is waited for in the background", async () => {
  await redis.kill();
  const early = open();
  await becameAway(early);
  expect(await early.cache.get("works")).toBeUndefined();
  await redis.start();
  await becameThere(early);
  redis.freeze();
  const later = open({ silenceMs: 200 });
  await becameAway(later);
  redis.thaw();
  await becameThere(later);
  await works(later);
  for (const { conditions } of [early, later]) expect(conditions).toEqual([expect.any(String), null]);
});

onRedis("hints are heard again when it is back, also by those who began to listen meanwhile", async () => {
  const nervous = { silenceMs: 500, proveEveryMs: 200 };
  const [teller, listener] = [open(nervous), open(nervous)];
  await Promise.all([teller, listener].map(becameThere));
  const heard: string[] = [];
  const isHeard = (text: string, channel: string) =>
    until(
      `${text} is heard`,
      () => {
        teller.hints.tell(channel, text);
        return heard.includes(text);
      },
      SOON_MS,
    );
  listener.hints.listen("one", (text) => heard.push(text));
  await isHeard("at first", "one");
  await redis.kill();
  listener.hints.listen("two", (text) => heard.push(text));
  teller.hints.tell("one", "lost");
  await redis.start();
  await isHeard("after the kill", "one");
  await isHeard("also there", "two");
  redis.freeze();
  await Promise.all([teller, listener].map(becameAway));
  redis.thaw();
  await isHeard("after the frost", "one");
  await isHeard("there as well", "two");
  expect(heard).not.toContain("lost");
});

onRedis("close ends what is under way, and the process, at once while it hangs", async () => {
  const end = open(ENDLESS);
  await becameThere(end);
  redis.freeze();
  const asked = [end.cache.get("works"), end.cache.set("works", "", LONG_MS), end.cache.remove(["works"])];
  end.close();
  expect(await Promise.all(asked)).toEqual([undefined, false, false]);
  // One that closes in the middle of its connecting, and has nothing else to do.
  const script = `const { openEnd } = await import(${JSON.stringify(join(import.meta.dir, "adapters.fixture.ts"))});
    const end = openEnd(${JSON.stringify(redis.url)}, ${JSON.stringify(ENDLESS)});
    end.hints.listen("channel", () => undefined);
    await Bun.sleep(Number(process.argv.at(-1)));
    end.cache.get("works").then((kept) => console.log("got", kept));
    end.close();`;
  for (const delayMs of [0, 300]) {
    const child = Bun.spawn([process.execPath, "-e", script, String(delayMs)], { stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect([stdout, stderr, await child.exited]).toEqual(["got undefined\n", "", 0]);
  }
});

onRedis("a wrong password or none is told without it, and no harm is done", async () => {
  const secured = await startExternalRedis({ password: "open sesame" });
  try {
    const admin = new Redis(secured.url);
    await admin.call("ACL", "SETUSER", "shop", "on", ">s3same", "~genai-demo:*", "&genai-demo:*", "+@all", "-@admin");
    admin.disconnect();
    const at = (login: string) => `redis://${login}127.0.0.1:${secured.port}/3`;
    for (const [login, reason] of [
      ["", "NOAUTH"],
      [":s3same@", "WRONGPASS"],
      ["shop:open%20sesame@", "WRONGPASS"],
    ] as const) {
      const end = open({}, at(login));
      await becameAway(end);
      expect(end.conditions[0]).toContain(reason);
      expect(end.conditions[0]).not.toMatch(/sesame|s3same/);
      expect(await end.cache.get("works")).toBeUndefined();
      // It is tried again and again, and told once.
      await Bun.sleep(300);
      expect(end.conditions).toHaveLength(1);
    }
    for (const login of [":open%20sesame@", "shop:s3same@"]) {
      const [end, other] = [open({}, at(login)), open({}, at(login))];
      await becameThere(end);
      await works(end);
      const heard: string[] = [];
      end.hints.listen("channel", (text) => heard.push(text));
      await until("a hint is heard", () => {
        other.hints.tell("channel", "hint");
        return heard.length > 0;
      });
    }
  } finally {
    await secured.stop();
  }
});

onRedis("one that may only be read since a failover is left, and told once", async () => {
  const end = open({ proveEveryMs: NEVER_MS });
  await becameThere(end);
  const admin = new Redis(redis.url);
  await admin.call("REPLICAOF", "127.0.0.1", "1");
  expect(await end.cache.set("works", "", LONG_MS)).toBe(false);
  await becameAway(end);
  expect(end.conditions.at(-1)).toContain("READONLY");
  await Bun.sleep(500);
  expect(end.conditions).toHaveLength(2);
  await admin.call("REPLICAOF", "NO", "ONE");
  admin.disconnect();
  await becameThere(end);
  await works(end);
});

test("what a lost connection left unanswered is never sent again", async () => {
  const sets: string[] = [];
  // Answers everything, but ends the connection at the word that it is told to end at.
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      const commands = chunk
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1);
      sets.push(...commands.filter((command) => command.includes("fatal")));
      if (commands.some((command) => command.includes("fatal"))) socket.destroy();
      else socket.write("+OK\r\n".repeat(commands.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const end = open({ answerMs: NEVER_MS }, `redis://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  await becameThere(end);
  expect(await end.cache.set("fatal", "text", LONG_MS)).toBe(false);
  end.hints.tell("fatal", "hint");
  await becameThere(end);
  await until("it is connected again", () => end.cache.set("other", "text", LONG_MS), SOON_MS);
  expect(await end.cache.set("another", "text", LONG_MS)).toBe(true);
  expect(sets.filter((command) => command.includes("SET") || command.includes("set"))).toHaveLength(1);
  end.close();
  server.close();
});

test("a host that is not known is told, and tried again", async () => {
  const end = open({}, "redis://nobody.invalid:6379");
  await becameAway(end);
  expect(await end.cache.get("works")).toBeUndefined();
});

onRedis(
  "replicas share a rate limit; killed in the middle of it each counts for itself, and they share it again",
  async () => {
    const rate = { units: 10, periodMs: LONG_MS };
    const rates = { reads: rate, writes: rate, address: rate, unauthenticated: rate, webhooks: rate };
    const time = { aheadMs: 0 };
    const clock = { now: () => systemClock.now() + time.aheadMs };
    const ends = [open(), open()];
    await Promise.all(ends.map(becameThere));
    const replicas = ends.map(({ budgets }) =>
      createRateLimiter({
        clock,
        rates: () => rates,
        trustedProxies: 0,
        shared: budgets,
        own: createMemoryBudgets(clock),
      }),
    );
    const passing = async (client: string) => {
      const asked = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) =>
          replicas[n % 2]?.countUnauthenticated({ peer: client, forwardedFor: null }),
        ),
      );
      return asked.filter(({ status }) => status === "fulfilled").length;
    };
    expect(await passing("192.0.2.1")).toBe(10);
    await redis.kill();
    await Promise.all(ends.map(becameAway));
    expect(await passing("192.0.2.2")).toBe(20);
    await redis.start();
    await Promise.all(ends.map(becameThere));
    // Each of them asks again a second after it had no answer.
    time.aheadMs += 1_000;
    expect(await passing("192.0.2.3")).toBe(10);
  },
);

onRedis("frozen it costs a request one short wait, and the next ones none", async () => {
  const rate = { units: 1_000, periodMs: LONG_MS };
  const rates = { reads: rate, writes: rate, address: rate, unauthenticated: rate, webhooks: rate };
  const end = open({ answerMs: 50, silenceMs: NEVER_MS });
  await becameThere(end);
  let asked = 0;
  const shared: Budgets = {
    take(budgets) {
      asked++;
      return end.budgets.take(budgets);
    },
  };
  // Time stands still for it: it has no reason to ask again.
  const clock = { now: () => 0 };
  const own = createMemoryBudgets(clock);
  const limiter = createRateLimiter({ clock, rates: () => rates, trustedProxies: 0, shared, own });
  redis.freeze();
  for (let n = 0; n < 100; n++) await limiter.countUnauthenticated({ peer: "192.0.2.1", forwardedFor: null });
  expect(asked).toBe(1);
});
