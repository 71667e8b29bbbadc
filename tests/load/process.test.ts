import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../provision/cache.ts";
import { freePort } from "../provision/external-postgres.ts";
import { startServing } from "./process.ts";

let scratch = "";
const SERVER = `Bun.serve({ hostname: "127.0.0.1", port: Number(process.env.PORT), fetch: () => new Response("ok") });`;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-process-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

async function options(script: string) {
  const port = await freePort();
  return {
    argv: [process.execPath, "-e", script],
    cwd: scratch,
    env: { ...process.env, PORT: String(port) },
    logFile: join(scratch, "log"),
    readyUrl: `http://127.0.0.1:${port}/`,
    readyTimeoutMs: 10_000,
  };
}

test("a process that ends before it is ready is reported with its log", async () => {
  const failed = startServing(await options(`console.error("the reason it gives"); process.exit(4);`));
  await expect(failed).rejects.toThrow(/ended with code 4[\s\S]*the reason it gives/);
});

test("a process that is never ready is ended", async () => {
  const silent = { ...(await options(`setInterval(() => 1, 1000);`)), readyTimeoutMs: 300 };
  await expect(startServing(silent)).rejects.toThrow("was not ready in 300 ms");
});

test("kill -9 of its owner ends a serving process", async () => {
  const owner = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const { startServing } = await import(${JSON.stringify(join(import.meta.dir, "process.ts"))});
       const running = await startServing(${JSON.stringify(await options(SERVER))});
       console.log(running.pid); await Bun.sleep(60_000);`,
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const { value } = await owner.stdout.getReader().read();
  const pid = Number(new TextDecoder().decode(value));
  expect(isAlive(pid)).toBe(true);
  owner.kill("SIGKILL");
  await owner.exited;
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await Bun.sleep(50);
  expect(isAlive(pid)).toBe(false);
}, 30_000);
