/** Redis 7: the machine's own server where it is new enough, else Debian's, unpacked into the cache. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { installOnce } from "./cache.ts";
import { hasApt, unpackDebianPackages } from "./debian-package.ts";
import { MissingTool } from "./missing.ts";

const OLDEST_MAJOR = 7;
/** The second one holds the program that the first one only links to. */
const DEBIAN_PACKAGES = ["redis-server", "redis-tools"];
const HINT = `install redis-server ${OLDEST_MAJOR} or newer (Debian: apt-get install redis-server; macOS: brew install redis) and run again`;

export interface RedisProgram {
  readonly program: string;
  readonly version: string;
  /** Where it finds its libraries, as a part of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Redis 7 or newer. Throws `MissingTool` when there is none and no apt to take it with. */
export async function provisionRedis(): Promise<RedisProgram> {
  const own = Bun.which("redis-server", { PATH: process.env.PATH ?? "" });
  const installed = own === null ? undefined : inspect(own, {});
  if (installed !== undefined) return installed;
  if (!hasApt()) throw new MissingTool(`Redis ${OLDEST_MAJOR}`, HINT);
  const root = await installOnce(`redis-${process.arch}`, async (directory) => {
    await unpackDebianPackages(DEBIAN_PACKAGES, directory);
    await unpackedProgram(directory);
  });
  return unpackedProgram(root);
}

async function unpackedProgram(root: string): Promise<RedisProgram> {
  const redis = inspect(join(root, "usr", "bin", "redis-server"), {
    LD_LIBRARY_PATH: (await libraryDirectories(root)).join(":"),
  });
  if (redis === undefined) throw new MissingTool(`Redis ${OLDEST_MAJOR}`, `Debian's does not run here; ${HINT}`);
  return redis;
}

/** Debian keeps the libraries of each architecture in a folder of its name. */
async function libraryDirectories(root: string): Promise<readonly string[]> {
  const parents = [join(root, "lib"), join(root, "usr", "lib")].filter(existsSync);
  const names = await Promise.all(
    parents.map(async (parent) => (await readdir(parent)).map((name) => join(parent, name))),
  );
  return names.flat().filter((name) => name.includes("-linux-"));
}

/** What `program` is; `undefined` when it does not run or is too old. */
function inspect(program: string, env: Readonly<Record<string, string>>): RedisProgram | undefined {
  if (!existsSync(program)) return undefined;
  const words = Bun.spawnSync([program, "--version"], { env: { ...process.env, ...env }, stderr: "ignore" });
  const version = /\bv=(\d+\.\d+\.\d+)/.exec(words.stdout.toString())?.[1];
  if (words.exitCode !== 0 || version === undefined || Number.parseInt(version, 10) < OLDEST_MAJOR) return undefined;
  return { program, version, env };
}
