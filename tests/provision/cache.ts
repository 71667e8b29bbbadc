/**
 * What tests take from package registries lies in one cache outside the checkout and is installed once.
 *
 * An entry is complete or absent: it is built in a directory beside its place and renamed into it. Two processes that
 * want the same entry take turns through a lock directory that names its holder; a holder that died is taken over.
 * A failed installation leaves nothing behind and is tried again by the next caller.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { refuseAtTheEnd } from "./ending.ts";

const LOCK_WAIT_MS = 300_000;
/** A lock without a name in it is given this long: its holder may be about to write it. */
const UNNAMED_LOCK_MS = 5_000;

/** Where downloaded tools live: `$XDG_CACHE_HOME/genai-demo`, else `~/.cache/genai-demo`. */
export function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "genai-demo");
}

/**
 * The directory of the cache entry `name`, built by `install` into an empty directory when it is not there yet. Another
 * process that builds it is waited for for `waitMs`.
 */
export async function installOnce(
  name: string,
  install: (directory: string) => Promise<void>,
  waitMs = LOCK_WAIT_MS,
): Promise<string> {
  const place = join(cacheDirectory(), name);
  if (existsSync(place)) return place;
  refuseAtTheEnd(name);
  await mkdir(cacheDirectory(), { recursive: true });
  const unlock = await lock(`${place}.lock`, waitMs);
  const building = `${place}.part-${process.pid}`;
  try {
    if (existsSync(place)) return place;
    await rm(building, { recursive: true, force: true });
    await mkdir(building);
    await install(building);
    await rename(building, place);
    return place;
  } finally {
    await rm(building, { recursive: true, force: true });
    await unlock();
  }
}

async function lock(path: string, waitMs: number): Promise<() => Promise<void>> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      await mkdir(path);
      await writeFile(join(path, "pid"), String(process.pid));
      return () => rm(path, { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (await isAbandoned(path)) {
      // Renamed first, so that of two processes that find it abandoned only one removes it.
      const stale = `${path}.stale-${process.pid}`;
      await rename(path, stale).then(
        () => rm(stale, { recursive: true, force: true }),
        () => undefined,
      );
      continue;
    }
    if (Date.now() > deadline) throw new Error(`another process has held ${path} for minutes; remove it and try again`);
    await Bun.sleep(100);
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = Number(await readFile(join(path, "pid"), "utf8").catch(() => ""));
  if (holder > 0) return !isAlive(holder);
  const age = await stat(path).then(
    (entry) => Date.now() - entry.mtimeMs,
    () => 0,
  );
  return age > UNNAMED_LOCK_MS;
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
