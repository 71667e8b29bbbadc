import { expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { hasEnded } from "../../runtime/ended-process.fixture.ts";
import { until } from "../../runtime/until.fixture.ts";
import { startExternalRedis } from "./external-redis.ts";
import { provideOrSkip } from "./missing.ts";
import { startOwner } from "./owner.fixture.ts";
import { provisionRedis } from "./redis.ts";

const program = await provideOrSkip("tests/provision/external-redis", provisionRedis);
const TIMEOUT_MS = 60_000;

/** What a server answers to inline commands whose answers are one line each. */
function ask(port: number, lines: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${lines.join("\r\n")}\r\n`));
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      const answers = heard.split("\r\n").slice(0, -1);
      if (answers.length < lines.length) return;
      socket.destroy();
      resolve(answers);
    });
    socket.once("error", reject);
  });
}

test.skipIf(program === undefined)(
  "a server that keeps nothing on disk comes back empty on its port, and is gone after stop",
  async () => {
    const redis = await startExternalRedis();
    try {
      expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
      expect(await ask(redis.port, ["SET key text", "EXISTS key"])).toEqual(["+OK", ":1"]);
      const { pid } = redis;
      await redis.kill();
      expect(hasEnded(pid)).toBe(true);
      await expect(ask(redis.port, ["PING"])).rejects.toThrow();
      await redis.start();
      expect(redis.pid).not.toBe(pid);
      expect(await ask(redis.port, ["EXISTS key"])).toEqual([":0"]);
      await redis.start();
    } finally {
      await redis.stop();
      await redis.stop();
    }
    expect(hasEnded(redis.pid)).toBe(true);
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a frozen server answers nobody until it thaws, and is stopped also while it is frozen",
  async () => {
    const redis = await startExternalRedis();
    try {
      redis.freeze();
      let answered = false;
      const asking = ask(redis.port, ["PING"]).then(() => {
        answered = true;
      });
      await Bun.sleep(200);
      expect(answered).toBe(false);
      redis.thaw();
      await asking;
      redis.freeze();
    } finally {
      await redis.stop();
    }
    expect(hasEnded(redis.pid)).toBe(true);
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "a server with a password serves nobody without it",
  async () => {
    const redis = await startExternalRedis({ password: 'p "\\/w' });
    try {
      expect(await ask(redis.port, ["PING"])).toEqual(["-NOAUTH Authentication required."]);
      expect(redis.url).toBe(`redis://:p%20%22%5C%2Fw@127.0.0.1:${redis.port}`);
      expect(await ask(redis.port, ['AUTH "p \\"\\\\/w"', "PING"])).toEqual(["+OK", "+PONG"]);
    } finally {
      await redis.stop();
    }
  },
  TIMEOUT_MS,
);

test.skipIf(program === undefined)(
  "kill -9 of the process that started it ends the server, also one that is frozen after a new start",
  async () => {
    const { owner, started: pid } = await startOwner<number>(`
      const { startExternalRedis } = await import(${JSON.stringify(join(import.meta.dir, "external-redis.ts"))});
      const redis = await startExternalRedis();
      await redis.kill();
      await redis.start();
      redis.freeze();
      return redis.pid;`);
    expect(hasEnded(pid)).toBe(false);
    owner.kill("SIGKILL");
    await owner.exited;
    await until("the server has ended", () => hasEnded(pid), 30_000);
  },
  TIMEOUT_MS,
);
