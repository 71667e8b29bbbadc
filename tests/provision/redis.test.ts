import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDirectory } from "./cache.ts";
import { hasApt } from "./debian-package.ts";

let scratch = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-redis-"));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

test("the machine's own server is taken where it is new enough", async () => {
  const path = await fakeServer("recent", "8.2.1");
  expect(await provision(path)).toMatchObject({ program: join(path, "redis-server"), version: "8.2.1" });
});

test("without a server that is new enough, and without apt, it says what to install", async () => {
  const { missing } = await provision(await fakeServer("old", "6.0.16"));
  expect(missing).toMatch(/^Redis 7 is not to be had: install redis-server 7 or newer \(Debian: apt-get install /);
});

test.skipIf(!hasApt())(
  "where there is none that is new enough, Debian's is unpacked into the cache and runs",
  async () => {
    const { program = "", version } = await provision(`${await fakeServer("older", "5.0.1")}:${process.env.PATH}`);
    expect(program).toStartWith(cacheDirectory());
    expect(Number.parseInt(version ?? "", 10)).toBeGreaterThanOrEqual(7);
  },
  300_000,
);

/** A directory with a redis-server that only says its version. */
async function fakeServer(name: string, version: string): Promise<string> {
  const directory = join(scratch, name);
  await mkdir(directory);
  await writeFile(join(directory, "redis-server"), `#!/bin/sh\necho 'Redis server v=${version} sha=00000000:0'\n`);
  await chmod(join(directory, "redis-server"), 0o755);
  return directory;
}

interface Outcome {
  readonly program?: string;
  readonly version?: string;
  /** What a `MissingTool` said. */
  readonly missing?: string;
}

/** Provisions in a process with this PATH, since where programs are is settled when a process starts. */
async function provision(path: string): Promise<Outcome> {
  const script = `const { provisionRedis } = await import(${JSON.stringify(join(import.meta.dir, "redis.ts"))});
    const { MissingTool } = await import(${JSON.stringify(join(import.meta.dir, "missing.ts"))});
    const outcome = await provisionRedis().catch((error) => {
      if (error instanceof MissingTool) return { missing: error.message };
      throw error;
    });
    console.log(JSON.stringify(outcome));`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, PATH: path },
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}
