/** `dev` in a copy of this checkout that a test may edit, and what it has running. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { readPostmaster } from "../../runtime/database/embedded/cluster.ts";
import { findCluster } from "../../runtime/database/embedded/data-directory.ts";
import { removeEmbedded } from "../../runtime/database/embedded.ts";
import type { Role } from "../../runtime/identity/principal.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";
import { until as untilWithin } from "../../runtime/until.fixture.ts";
import { type Client, createClient } from "../journeys/client.ts";
import { tokenOf } from "../journeys/platform.ts";
import { type Environment, type PlatformProcess, programIn, startProcess } from "../journeys/process.ts";

const ROOT = join(import.meta.dir, "..", "..");
const COPIED = ["modules", "runtime", "tests", "infra", "package.json", "tsconfig.json", "bunfig.toml"];

export interface Checkout {
  readonly root: string;
  readonly dataDir: string;
  /** Replaces a text in a file, the way editors save: another file, renamed over it. */
  edit(path: string, from: string, to: string): Promise<void>;
  /** `dev` on the copy's data directory. */
  dev(args?: readonly string[], env?: Environment): Promise<PlatformProcess>;
  as(running: PlatformProcess, sub: string, role?: Role): Promise<Client>;
  /** The postmaster, and the application; 0 where there is none. */
  pids(): { readonly postmaster: number; readonly application: number };
  remove(): Promise<void>;
}

/** What Terraform downloads is large. */
const filter = (path: string) => basename(path) !== ".terraform";

/** Copies what `dev` runs, and `more`; the installed packages are shared. */
export async function copyCheckout(more: readonly string[] = []): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), "genai-demo-checkout-"));
  for (const name of [...COPIED, ...more]) await cp(join(ROOT, name), join(root, name), { recursive: true, filter });
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
  const dataDir = join(root, ".data");
  return {
    root,
    dataDir,
    async edit(path, from, to) {
      const file = join(root, path);
      const before = await readFile(file, "utf8");
      if (!before.includes(from)) throw new Error(`${path} has no ${from}`);
      const draft = join(dirname(file), ".draft");
      await writeFile(draft, before.replace(from, to));
      await rename(draft, file);
    },
    dev: (args = [], env = {}) => startProcess(["dev", "--data", dataDir, ...args], env, programIn(root)),
    as: async (running, sub, role = "customer") => createClient(running.url, await tokenOf(dataDir, role, sub)),
    pids: () => ({
      postmaster: readPostmaster(findCluster(dataDir) ?? "")?.pid ?? 0,
      application: Number(readOrEmpty(join(dataDir, "application.pid"))),
    }),
    async remove() {
      await removeEmbedded({ dataDir, scheduler, log: () => undefined });
      await rm(root, { recursive: true, force: true });
    },
  };
}

const readOrEmpty = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");

const LIMIT_MS = 20_000;

/** Waits as long as `dev` may take on a busy machine. */
export const until = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  untilWithin(what, holds, LIMIT_MS);

/** The text of a page, or "" where nobody answers. */
export async function page(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(2000) })).text();
  } catch {
    return "";
  }
}

/** What remains in a data directory beside the database, the keys and the lock's file. */
export const remainsIn = (dataDir: string) =>
  readdirSync(dataDir).filter((name) => !["identity", "lock", "postgres", "postgres-location"].includes(name));
