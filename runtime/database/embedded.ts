/**
 * A real PostgreSQL that belongs to this process: started on a data directory, reached through a private unix socket,
 * ended with the process however it ends.
 *
 * It guarantees that one process uses a data directory at a time, that what was committed survives kill -9 of this
 * process and of the server (the next start recovers), and that every refusal to start is one line that says what to
 * do. When the server dies on its own, that is logged, connections fail as `unavailable`, and it is started again in
 * its place until it comes back or the process is stopped.
 */
import { chmodSync, existsSync, mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../error-text.ts";
import { systemRandom } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { StartError } from "../start-error.ts";
import { parseConnectionUrl } from "./connection-url.ts";
import type { Account } from "./embedded/account.ts";
import {
  adviceOnCopy,
  adviceOnSpace,
  endLeftover,
  ensureCluster,
  isAlive,
  logFileOf,
  logSince,
  logSize,
  readPostmaster,
  removeCluster,
  rotateLog,
  SOCKET_DIR_PREFIX,
  SUPERUSER,
  writeAccessRules,
} from "./embedded/cluster.ts";
import {
  type DataDirectory,
  findCluster,
  forgetCluster,
  makePrivateFolder,
  ownerOf,
  systemFault,
  takeDataDirectory,
} from "./embedded/data-directory.ts";
import { type GuardedServer, startGuarded } from "./embedded/guard.ts";
import { prepareNative } from "./embedded/native.ts";
import { openLink } from "./link.ts";

export interface EmbeddedOptions {
  /** Holds the cluster, or as root a pointer to it. */
  readonly dataDir: string;
  readonly scheduler: Scheduler;
  readonly log: (line: string) => void;
  /** What an operator must see; `log` when left out. */
  readonly alarm?: (line: string) => void;
  /** Removes the database that is there and makes a new one. */
  readonly reset?: boolean;
  /** False only for tests: a crash of the machine may then lose data. */
  readonly fsync?: boolean;
  /** Further settings of the server, such as `{ autovacuum: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Also listens on this loopback port. */
  readonly tcpPort?: number;
}

export interface EmbeddedServer {
  /** The superuser's URL, through the private unix socket. */
  readonly url: string;
  /** The superuser's URL over loopback TCP, when `tcpPort` was given. */
  readonly tcpUrl: string | null;
  /** No other process uses this server. */
  readonly exclusive: true;
  /** The postmaster; another one after the server had to be started again. */
  readonly pid: number;
  stop(): Promise<void>;
}

const SOCKET_PORT = 5432;
/** What the server needs at once when it goes on writing. */
const WAL_SEGMENT_BYTES = 16 << 20;
/** Longest path of a unix socket that every supported system takes. */
const SOCKET_PATH_LIMIT = 103;
const POLL_MS = 5;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 40_000;
const BUSY_MEMORY_RETRIES = 20;
/** Between attempts to bring a dead server back; it grows to the longest. */
const REVIVE_PAUSE_MS = 500;
const LONGEST_REVIVE_PAUSE_MS = 5_000;
/** The same reason is told again after so many attempts. */
const TOLD_AGAIN_AFTER = 60;

/** Starts the embedded PostgreSQL on a data directory. Throws a `StartError` whose message says what to do. */
export function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  return takeAndStart(options).catch((error: unknown) => {
    throw systemFault(error, options.dataDir);
  });
}

async function takeAndStart(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { scheduler, log } = options;
  const directory = takeDataDirectory(options.dataDir, log);
  try {
    const account = ownerOf(directory.cluster, directory.account);
    const native = await prepareNative(account);
    await endLeftover(directory.cluster, scheduler, log);
    const { cluster } = directory;
    if (options.reset) removeCluster(cluster);
    if (await ensureCluster({ cluster, account, initdb: native.initdb, fsync: options.fsync ?? true })) {
      log(`made a new database in ${cluster}`);
    }
    writeAccessRules(cluster, account, options.tcpPort !== undefined);
    rotateLog(cluster);
    return await startServer(options, directory, account, native.postgres);
  } catch (error) {
    directory.release();
    throw error;
  }
}

/** The superuser's URL of the server that another process runs on this data directory; null when none does. */
export function runningServerUrl(dataDir: string): string | null {
  const cluster = findCluster(dataDir);
  const server = cluster === null ? null : readPostmaster(cluster);
  return server?.ready && isAlive(server.pid) ? socketUrl(server.socketDir, server.port) : null;
}

const socketUrl = (socketDir: string, port: number) =>
  `postgres:///postgres?host=${encodeURIComponent(socketDir)}&port=${port}&user=${SUPERUSER}`;

/** Removes the database of a data directory, wherever it lives. Throws a `StartError` when a process uses it. */
export async function removeEmbedded(options: Pick<EmbeddedOptions, "dataDir" | "scheduler" | "log">): Promise<void> {
  if (!existsSync(options.dataDir)) return;
  const directory = takeDataDirectory(options.dataDir, options.log);
  try {
    await endLeftover(directory.cluster, options.scheduler, options.log);
    removeCluster(directory.cluster);
    forgetCluster(directory.path);
  } finally {
    directory.release();
  }
}

async function startServer(
  options: EmbeddedOptions,
  directory: DataDirectory,
  account: Account | null,
  program: string,
): Promise<EmbeddedServer> {
  const { scheduler, log } = options;
  const { cluster } = directory;
  const socketDir = makeSocketDir(account);
  const alarm = options.alarm ?? log;
  let stopping: Promise<void> | null = null;
  let reviving: Promise<void> = Promise.resolve();

  async function boot(): Promise<GuardedServer> {
    for (let attempt = 0; ; attempt++) {
      makePrivateFolder(socketDir, account);
      const offset = logSize(cluster);
      let ready = false;
      const started = await startGuarded({
        command: [program, ...serverArguments(options, cluster, socketDir)],
        account,
        logFile: logFileOf(cluster),
        socketDir,
        onUnexpectedEnd(status) {
          if (!ready) return;
          alarm(`the database server ended by itself (${status}) and is started again; see ${logFileOf(cluster)}`);
          reviving = revive();
        },
      });
      const reason = await untilReady(started, cluster, offset, scheduler);
      if (reason === null) {
        ready = true;
        return started;
      }
      // Backends of a killed server notice its death within moments; until then its memory is not free.
      if (!reason.includes("shared memory") || attempt >= BUSY_MEMORY_RETRIES)
        throw startFailure(reason, cluster, options);
      await scheduler.sleep(100);
    }
  }

  /** Brings a server that ended by itself back to its place; what was committed is recovered. */
  async function revive() {
    const told = new Set<string>();
    for (let attempt = 1; stopping === null; attempt++) {
      try {
        running = await boot();
        alarm(`the database server is back after ${attempt} ${attempt === 1 ? "attempt" : "attempts"}`);
        return;
      } catch (error) {
        const reason = messageOf(error);
        // Numbers of processes and files differ each time.
        const kind = reason.replace(/\d+/g, "");
        if (!told.has(kind) || attempt % TOLD_AGAIN_AFTER === 0)
          alarm(`the database server did not come back, attempt ${attempt}; it is tried again and again: ${reason}`);
        told.add(kind);
        await scheduler.sleep(Math.min(LONGEST_REVIVE_PAUSE_MS, REVIVE_PAUSE_MS * attempt));
      }
    }
  }

  let running = await boot();
  const url = socketUrl(socketDir, options.tcpPort ?? SOCKET_PORT);
  const stop = async () => {
    await reviving;
    const { pid } = running;
    const limit = scheduler.after(STOP_LIMIT_MS, () => process.kill(pid, "SIGKILL"));
    await running.stop();
    limit();
    directory.release();
  };
  try {
    const tcpUrl = options.tcpPort === undefined ? null : await openTcp(url, options.tcpPort, scheduler);
    return {
      url,
      tcpUrl,
      exclusive: true,
      get pid() {
        return running.pid;
      },
      stop() {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

function startFailure(reason: string, cluster: string, options: EmbeddedOptions): StartError {
  if (options.tcpPort !== undefined && /address already in use|could not create any TCP/i.test(reason)) {
    return new StartError(`The database port ${options.tcpPort} on 127.0.0.1 is in use: choose another one`);
  }
  // Not every reason of a full disk says so: some calls fail otherwise.
  const { bavail, bsize } = statfsSync(cluster);
  const advice =
    adviceOnSpace(bavail * bsize < WAL_SEGMENT_BYTES ? "No space left on device" : reason) || adviceOnCopy(reason);
  return new StartError(`The embedded PostgreSQL in ${options.dataDir} does not start: ${reason}${advice}`);
}

/** Null when the server takes connections, else why it does not. */
async function untilReady(
  server: GuardedServer,
  cluster: string,
  logOffset: number,
  scheduler: Scheduler,
): Promise<string | null> {
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += POLL_MS) {
    const postmaster = readPostmaster(cluster);
    if (postmaster?.pid === server.pid && postmaster.ready && isAlive(server.pid)) return null;
    if (server.ended) return logSince(cluster, logOffset);
    await scheduler.sleep(POLL_MS);
  }
  await server.stop();
  return `it was not ready after ${START_LIMIT_MS / 1000} s; see ${logFileOf(cluster)}`;
}

function serverArguments(options: EmbeddedOptions, cluster: string, socketDir: string): string[] {
  const { fsync = true, tcpPort } = options;
  const settings: Record<string, string> = {
    listen_addresses: tcpPort === undefined ? "" : "127.0.0.1",
    port: String(tcpPort ?? SOCKET_PORT),
    unix_socket_directories: socketDir,
    hba_file: join(cluster, "pg_hba.conf"),
    shared_buffers: "128MB",
    max_connections: "100",
    // In the data directory: a server that was killed leaves nothing behind in the machine's shared memory.
    dynamic_shared_memory_type: "mmap",
    // One flush instead of one for each of some thousand files, before each recovery.
    ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}),
    jit: "off",
    fsync: fsync ? "on" : "off",
    synchronous_commit: "on",
    full_page_writes: fsync ? "on" : "off",
    timezone: "UTC",
    log_timezone: "UTC",
    logging_collector: "off",
    log_checkpoints: "off",
    update_process_title: "off",
    ...options.settings,
  };
  return ["-D", cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/** A fresh directory that only the server's account and root may enter, with a path short enough for a socket. */
function makeSocketDir(account: Account | null): string {
  const runtimeDir = account === null ? process.env["XDG_RUNTIME_DIR"] : undefined;
  for (const parent of [runtimeDir, tmpdir(), "/tmp"]) {
    if (!parent || `${parent}/${SOCKET_DIR_PREFIX}XXXXXX/.s.PGSQL.65535.lock`.length > SOCKET_PATH_LIMIT) continue;
    try {
      const made = mkdtempSync(join(parent, SOCKET_DIR_PREFIX));
      chmodSync(made, 0o700);
      makePrivateFolder(made, account);
      return made;
    } catch {
      // Not writable, or a variable that points nowhere: the next candidate.
    }
  }
  throw new StartError("There is no short directory for the database's socket: make /tmp writable, or set TMPDIR");
}

const LOWERCASE = "abcdefghijklmnopqrstuvwxyz";

/** Gives the superuser a fresh password, so that loopback is not open to every user of the machine. */
async function openTcp(url: string, port: number, scheduler: Scheduler): Promise<string> {
  const random = systemRandom();
  const password = Array.from({ length: 32 }, () => LOWERCASE[random.uint32() % LOWERCASE.length]).join("");
  const link = openLink({ target: parseConnectionUrl(url), parameters: {}, deadlineMs: 5000, scheduler });
  await link.send({ text: `alter role ${SUPERUSER} password '${password}'`, params: [] });
  link.close();
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
}
