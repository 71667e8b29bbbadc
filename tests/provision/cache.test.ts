import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installOnce } from "./cache.ts";

let scratch = "";
const before = process.env.XDG_CACHE_HOME;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "genai-demo-cache-"));
  process.env.XDG_CACHE_HOME = scratch;
});

afterAll(async () => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  await rm(scratch, { recursive: true, force: true });
});

test("callers at the same time install once and all get the complete entry", async () => {
  let installs = 0;
  const install = async (directory: string) => {
    installs += 1;
    await writeFile(join(directory, "first"), "");
    await Bun.sleep(150);
    await writeFile(join(directory, "last"), "");
  };
  const places = await Promise.all([
    installOnce("tool", install),
    installOnce("tool", install),
    installOnce("tool", install),
  ]);
  expect(installs).toBe(1);
  for (const place of places) expect(existsSync(join(place, "last"))).toBe(true);
});

test("a failed installation leaves nothing and is tried again", async () => {
  const failing = installOnce("broken", async (directory) => {
    await writeFile(join(directory, "half"), "");
    throw new Error("no network");
  });
  await expect(failing).rejects.toThrow("no network");
  expect((await readdir(join(scratch, "genai-demo"))).filter((name) => name.startsWith("broken"))).toEqual([]);
  const place = await installOnce("broken", (directory) => writeFile(join(directory, "whole"), ""));
  expect(existsSync(join(place, "whole"))).toBe(true);
});

test("the lock of a process that died is taken over", async () => {
  const lock = join(scratch, "genai-demo", "orphan.lock");
  await mkdir(lock, { recursive: true });
  const dead = Bun.spawnSync(["sh", "-c", "echo $$"]).stdout.toString().trim();
  await writeFile(join(lock, "pid"), dead);
  const place = await installOnce("orphan", (directory) => writeFile(join(directory, "whole"), ""));
  expect(existsSync(place)).toBe(true);
  expect(existsSync(lock)).toBe(false);
});
