/**
 * A PostgreSQL 18 over TCP on loopback with a temporary cluster of its own: what "external" means in tests and loads.
 *
 * It is as durable as in production unless the settings say otherwise. It ends with `stop()`, and when this process
 * ends in any other way, kill -9 included: a guard stops the server by its process id and removes the cluster.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "./cache.ts";
import { startGuard } from "./guard.ts";
import { binDirOf, provisionPostgres } from "./postgres.ts";
import { type Account, giveTo, reachablePackage, serverAccount } from "./unprivileged.ts";

export interface ExternalPostgres {
  /** Of a superuser (or whom DATABASE_URL names). */
  readonly url: string;
  /** The postmaster; absent when the server is not ours. */
  readonly pid?: number;
  /** Its temporary directory with cluster and log; absent when the server is not ours. */
  readonly directory?: string;
  /** Starts a server of our own again on its cluster and port, after it was killed. */
  restart(): Promise<void>;
  /** Stops the server and removes its cluster; does nothing to a server that is not ours. May be called twice. */
  stop(): Promise<void>;
}

export interface ExternalPostgresOptions {
  /** Server settings, over the durable defaults: `{ shared_buffers: "512MB" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Start a server of our own even when DATABASE_URL names one. */
  readonly alwaysOwn?: boolean;
}

/** Full durability, stated rather than inherited, and room for the connections of several processes. */
const DEFAULTS: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  max_connections: "200",
  timezone: "UTC",
};

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const PORT_TRIES = 5;

/** The server that DATABASE_URL names, or a temporary one of our own. Throws `MissingTool` when it cannot be had. */
export async function startExternalPostgres(options: ExternalPostgresOptions = {}): Promise<ExternalPostgres> {
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== "" && options.alwaysOwn !== true)
    return { url: given, restart: () => Promise.reject(new Error("not our server")), stop: async () => undefined };
  const tools = await provisionPostgres();
  const account = serverAccount();
  const directory = await mkdtemp(join(durableTemporaryDirectory(), "genai-demo-postgres-"));
  const guard = startGuard(GUARD_SCRIPT, directory);
  const discard = async () => {
    await rm(directory, { recursive: true, force: true });
    await guard.release();
  };
  try {
    if (account !== undefined) giveTo(directory, account);
    const binDir = binDirOf(await reachablePackage(tools.packageDir, directory, account));
    const password = crypto.randomUUID();
    const data = await initCluster(binDir, directory, password, account);
    const start = (port?: number) => startServer(binDir, data, { ...DEFAULTS, ...options.settings }, account, port);
    let server = await start();
    let stopping: Promise<void> | undefined;
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${server.port}/postgres`,
      get pid() {
        return server.pid;
      },
      directory,
      async restart() {
        await untilReaped(server.process);
        server = await start(server.port);
      },
      stop: () => {
        stopping ??= stopServer(server.process).then(discard);
        return stopping;
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A disk rather than memory where there is a choice: a cluster in memory would make fsync free. */
function durableTemporaryDirectory(): string {
  if (process.env.TMPDIR !== undefined && process.env.TMPDIR !== "") return process.env.TMPDIR;
  return existsSync("/var/tmp") ? "/var/tmp" : tmpdir();
}

async function initCluster(binDir: string, directory: string, password: string, account: Account | undefined) {
  const data = join(directory, "data");
  const passwordFile = join(directory, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) giveTo(passwordFile, account);
  const init = spawn(
    join(binDir, "initdb"),
    // No sync: these files are remade, never recovered. What the server writes later is synced as its settings say.
    [
      "-D",
      data,
      "-U",
      "postgres",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--no-sync",
      "--locale=C",
      "-E",
      "UTF8",
    ],
    { ...account, cwd: directory, env: { PATH: process.env.PATH, TZ: "UTC" }, stdio: ["ignore", "ignore", "pipe"] },
  );
  let stderr = "";
  init.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(init, "close");
  await rm(passwordFile, { force: true });
  if (code !== 0) throw new Error(`initdb failed in ${directory}:\n${stderr}`);
  return data;
}

interface RunningServer {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

async function startServer(
  binDir: string,
  data: string,
  settings: Readonly<Record<string, string>>,
  account: Account | undefined,
  fixedPort?: number,
): Promise<RunningServer> {
  let log = "";
  for (let attempt = 0; attempt < PORT_TRIES; attempt++) {
    const port = fixedPort ?? (await freePort());
    const fixed = { ...settings, listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "" };
    const server = spawn(
      join(binDir, "postgres"),
      ["-D", data, ...Object.entries(fixed).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      // A session of its own: Ctrl-C in the terminal reaches us, and we stop the server in order.
      {
        ...account,
        cwd: data,
        detached: true,
        env: { PATH: process.env.PATH, TZ: "UTC" },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    log = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    });
    if (server.pid !== undefined && (await becameReady(server, data))) {
      return { process: server, pid: server.pid, port };
    }
    await stopServer(server);
    if (!log.includes("could not bind")) break;
  }
  throw new Error(`PostgreSQL did not start:\n${log}`);
}

/** The server writes `ready` into the eighth line of its pid file; no connection is needed to know. */
async function becameReady(server: ChildProcess, data: string): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && server.exitCode === null && server.signalCode === null) {
    const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === "ready") return true;
    await Bun.sleep(20);
  }
  return false;
}

/** A process that was killed counts as there until its end was taken note of: a new server would refuse its cluster. */
async function untilReaped(server: ChildProcess): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) await Bun.sleep(5);
}

async function stopServer(server: ChildProcess): Promise<void> {
  const { pid } = server;
  if (pid === undefined) return;
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (!isAlive(pid) || server.exitCode !== null) return;
    server.kill(signal);
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (isAlive(pid) && server.exitCode === null && Date.now() < deadline) await Bun.sleep(20);
  }
}

/** A pid file is trusted only when its process is a postgres. */
const GUARD_SCRIPT = `
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && stop "$pid" postgres
rm -rf "$1"
`;

/** A free TCP port on loopback; somebody else may take it before its user does. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
