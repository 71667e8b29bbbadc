/**
 * A PostgreSQL server for each module, as in production, and physical copies of each: taken while it works, put in its
 * place later. A copy is what `pg_basebackup` makes, so it stands for a snapshot of the disk, or for a restore to a moment.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { administer } from "../journeys/external-data.ts";
import { isAlive } from "../provision/cache.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { binDirOf, provisionPostgres } from "../provision/postgres.ts";
import { giveTo, reachablePackage, serverAccount } from "../provision/unprivileged.ts";

/** A copy of one module's database. */
export interface Copy {
  readonly path: string;
  /** When it was begun (ms since the epoch): what the module had committed by then is in it. */
  readonly atMs: number;
}

export interface ModuleDatabase {
  readonly module: string;
  readonly url: string;
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** While it works. */
  copy(name: string): Promise<Copy>;
  /** Its server must be stopped: everything as it is, to be put back as often as wanted. */
  keep(): Promise<Copy>;
  /** Ends the server at once, as a machine ends. */
  crash(): Promise<void>;
  /** Puts the copy in the place of what is there, and starts the server. It must be stopped. */
  restore(copy: Copy): Promise<void>;
  stop(): Promise<void>;
}

const GONE_WITHIN_MS = 15_000;

/** Starts an empty one. Throws `MissingTool` where PostgreSQL cannot be had. */
export async function startModuleDatabase(module: string): Promise<ModuleDatabase> {
  // Six of them share a machine that may be small.
  const server = await startExternalPostgres({ alwaysOwn: true, settings: { shared_buffers: "32MB" } });
  const { directory } = server;
  if (directory === undefined) throw new Error("the rehearsal needs servers of its own");
  const data = join(directory, "data");
  const copies = join(directory, "copies");
  await mkdir(copies);
  const account = serverAccount();
  if (account !== undefined) giveTo(copies, account);
  return {
    module,
    url: server.url,
    query: (text) => administer(server.url, text),
    async copy(name) {
      const path = join(copies, name);
      const atMs = Date.now();
      await baseBackup(server.url, path, directory);
      return { path, atMs };
    },
    async keep() {
      const path = join(copies, "kept");
      await copyTree(data, path);
      return { path, atMs: Date.now() };
    },
    crash: () => crash(server),
    async restore({ path }) {
      const fresh = `${data}.restored`;
      await copyTree(path, fresh);
      await rm(data, { recursive: true });
      await rename(fresh, data);
      await server.restart();
    },
    stop: server.stop,
  };
}

async function crash({ pid }: ExternalPostgres): Promise<void> {
  if (pid === undefined || !isAlive(pid)) return;
  // Every backend ends at once and nothing is written: the next start recovers, as after a loss of power.
  process.kill(pid, "SIGQUIT");
  const deadline = Date.now() + GONE_WITHIN_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL ${pid} does not end`);
    await Bun.sleep(20);
  }
}

async function baseBackup(url: string, path: string, directory: string): Promise<void> {
  const { packageDir } = await provisionPostgres();
  const account = serverAccount();
  // The server's start has made a copy there already, where the account cannot reach the package.
  const binDir = binDirOf(account === undefined ? packageDir : await reachablePackage(packageDir, directory, account));
  await run(join(binDir, "pg_basebackup"), ["-d", url, "-D", path, "-X", "stream", "-c", "fast", "--no-sync"]);
}

/** With owners and modes: PostgreSQL refuses a directory that others may read. */
const copyTree = (from: string, to: string) => run("cp", ["-a", from, to]);

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, [...args], { ...serverAccountFor(command), stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
}

/** What PostgreSQL makes belongs to whom it runs as; `cp` must be able to give it to them. */
const serverAccountFor = (command: string) => (command === "cp" ? undefined : serverAccount());
