/** Logins at a real Redis whose password changes, as tokens do and as rotated passwords do. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Redis } from "ioredis";
import { type ExternalRedis, startExternalRedis } from "../../tests/provision/external-redis.ts";
import { systemClock } from "../clock.ts";
import { createIds } from "../ids.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { secret } from "../secret.ts";
import { until } from "../until.fixture.ts";
import { hasRedis } from "./adapters.fixture.ts";
import type { SharedState } from "./port.ts";
import { openRedis } from "./redis.ts";
import type { RedisLogin } from "./redis-connection.ts";
import { parseRedisUrl } from "./redis-url.ts";

setDefaultTimeout(60_000);
const isThere = await hasRedis("runtime/cache/redis-login");
const onRedis = test.skipIf(!isThere);
const SOON_MS = 20_000;
const USER = "pods";

let redis: ExternalRedis;
let admin: Redis;
const opened: SharedState[] = [];

beforeAll(async () => {
  if (!isThere) return;
  redis = await startExternalRedis();
  admin = new Redis(redis.url);
}, 300_000);
afterEach(() => {
  for (const end of opened.splice(0)) end.close();
});
afterAll(async () => {
  admin?.disconnect();
  if (isThere) await redis.stop();
});

/** From now on the user has this password, and no other; connections that are logged in stay. */
const rotate = (password: string) =>
  admin.call("ACL", "SETUSER", USER, "on", "resetpass", `>${password}`, "~*", "&*", "+@all");
/** Ends the user's connections. */
const dropAll = () => admin.call("CLIENT", "KILL", "USER", USER);
const loggedIn = async () =>
  ((await admin.call("CLIENT", "LIST")) as string).split("\n").filter((line) => line.includes(`user=${USER} `)); // a text, by the protocol

function open(password: () => string | Promise<string>, loginLastsMs?: number) {
  const conditions: (string | null)[] = [];
  const random = systemRandom();
  let asked = 0;
  const login: RedisLogin = async () => {
    asked++;
    return { user: USER, password: secret(await password()) };
  };
  const end = openRedis({
    target: parseRedisUrl(`redis://${USER}@127.0.0.1:${redis.port}`, undefined, true),
    login,
    ...(loginLastsMs === undefined ? {} : { loginLastsMs }),
    scheduler,
    random,
    ids: createIds(systemClock, random),
    condition: (problem) => void conditions.push(problem),
    limits: { answerMs: 10_000, silenceMs: 10_000 },
  });
  opened.push(end);
  return { ...end, conditions, asked: () => asked };
}
const isUp = ({ conditions }: { readonly conditions: readonly (string | null)[] }) =>
  until("Redis is there", () => conditions.at(-1) === null, SOON_MS);

onRedis(
  "user and password are asked for at each connection: a rotation costs nothing, and the next connection takes the new one",
  async () => {
    let password = "first";
    await rotate(password);
    const end = open(() => password);
    await isUp(end);
    expect(end.asked()).toBe(2);
    password = "second";
    await rotate(password);
    expect(await end.cache.set("key", "text", 60_000)).toBe(true);
    expect(end.asked()).toBe(2);
    await dropAll();
    await until("it was told", () => end.conditions.some((each) => typeof each === "string"), SOON_MS);
    await isUp(end);
    expect(await end.cache.get("key")).toBe("text");
    expect(end.asked()).toBeGreaterThanOrEqual(4);
  },
);

onRedis("a password that is refused is told without it, and the right one is taken when there is one", async () => {
  await rotate("right");
  let password = "hunter2";
  const end = open(() => password);
  await until("it is told", () => end.conditions.length > 0, SOON_MS);
  expect(end.conditions[0]).toContain("WRONGPASS");
  expect(JSON.stringify(end.conditions)).not.toContain("hunter2");
  password = "right";
  await isUp(end);
});

onRedis("where nothing can be had to log in with, that is told, and tried again", async () => {
  await rotate("right");
  let isFailing = true;
  const end = open(async () => {
    if (isFailing) throw new Error("no credentials");
    return "right";
  });
  await until("it is told", () => end.conditions.length > 0, SOON_MS);
  expect(end.conditions[0]).toBe("there is nothing to log in with: no credentials");
  isFailing = false;
  await isUp(end);
});

onRedis(
  "a login is renewed before its end: on the connection where that may be, else by another; hints go on",
  async () => {
    let count = 0;
    let isRotating = true;
    await rotate("token-0");
    const end = open(() => `token-${count}`, 300);
    await isUp(end);
    const commands = async () =>
      (await loggedIn()).filter((line) => !line.includes("sub=1")).map((line) => /^id=(\d+)/.exec(line)?.[1]);
    const heard: string[] = [];
    const teller = open(() => `token-${count}`);
    await isUp(teller);
    end.hints.listen("order", (text) => heard.push(text));
    await until("it listens", async () => (await loggedIn()).some((line) => line.includes("sub=1")), SOON_MS);
    const before = await commands();
    const rotating = (async () => {
      while (isRotating) {
        await rotate(`token-${count + 1}`);
        count++;
        await Bun.sleep(100);
      }
    })();
    const failed: number[] = [];
    for (let n = 0; n < 100; n++) {
      if (!(await end.cache.set("n", String(n), 60_000))) failed.push(n);
      await Bun.sleep(15);
    }
    isRotating = false;
    await rotating;
    expect(failed).toEqual([]);
    expect(end.asked()).toBeGreaterThan(8);
    // Its commands have gone over one connection.
    const after = await commands();
    expect(before.filter((id) => after.includes(id)).length).toBeGreaterThanOrEqual(1);
    await until(
      "a hint comes",
      async () => {
        teller.hints.tell("order", "x");
        await Bun.sleep(20);
        return heard.length > 0;
      },
      SOON_MS,
    );
  },
);
