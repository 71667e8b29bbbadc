/**
 * The cluster's files: made once by initdb, in a draft folder that is moved into place whole, so that a crash in
 * between leaves nothing half-made; a server that an earlier life left running is ended first.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Scheduler } from "../../scheduler.ts";
import { StartError } from "../../start-error.ts";
import type { Account } from "./account.ts";
import { makePrivateFolder } from "./data-directory.ts";

export const SUPERUSER = "postgres";
export const SOCKET_DIR_PREFIX = "genai-demo-";
const MAJOR = "18";
const LOG_LIMIT_BYTES = 4 << 20;

export const logFileOf = (cluster: string): string => `${cluster}/server.log`;

interface ClusterSettings {
  readonly cluster: string;
  readonly account: Account | null;
  readonly initdb: string;
  readonly fsync: boolean;
}

/** Makes the cluster if there is none; returns whether it did. */
export async function ensureCluster({ cluster, account, initdb, fsync }: ClusterSettings): Promise<boolean> {
  const version = readOrNull(join(cluster, "PG_VERSION"))?.trim();
  if (version === MAJOR) return false;
  if (version !== undefined) {
    throw new StartError(
      `The data in ${cluster} is of PostgreSQL ${version}, this build has ${MAJOR}: give another directory with --data DIR, or begin afresh with --reset`,
    );
  }
  if (existsSync(cluster)) {
    throw new StartError(
      `${cluster} is there but holds no database: move it away, or give another directory with --data DIR`,
    );
  }
  removeRemains(cluster);
  // A name of its own: the initdb of a killed process may still be writing to the draft of that one.
  const draft = `${cluster}.draft-${process.pid}`;
  makePrivateFolder(draft, account);
  const reason = await whyFailed(() =>
    runInitdb(
      initdb,
      [
        ...["-D", draft, "-U", SUPERUSER, "-A", "trust", "--encoding=UTF8", "--no-instructions"],
        ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        ...(fsync ? [] : ["--no-sync"]),
      ],
      account,
    ),
  );
  if (reason !== null) {
    removeRemains(cluster);
    throw new StartError(
      `The embedded PostgreSQL could not be set up in ${dirname(cluster)}: ${reason}${adviceOnSpace(reason)}`,
    );
  }
  renameSync(draft, cluster);
  return true;
}

/** How a run of initdb ended: null when it has succeeded, else the reason, and whether a stop signal was it. */
type Failure = null | { readonly reason: string; readonly wasStopped: boolean };

/**
 * Null when initdb has succeeded, else why not. A stop signal for the whole group that comes in the moment before it
 * has its own session ends it with nothing done: then it is run again, for this process stops in order afterwards.
 */
async function whyFailed(run: () => Promise<Failure>): Promise<string | null> {
  const first = await run();
  const failure = first?.wasStopped === true ? await run() : first;
  return failure?.reason ?? null;
}

/** Runs initdb to its end, in a session of its own: a stop signal for the whole group does not reach it. */
function runInitdb(initdb: string, args: readonly string[], account: Account | null): Promise<Failure> {
  return new Promise((resolve) => {
    const child = spawn(initdb, args, {
      cwd: "/",
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      ...(account ?? {}),
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once("error", (error) => resolve({ reason: error.message, wasStopped: false }));
    child.once("close", (status, signal) => {
      if (status === 0) return resolve(null);
      const reason = errorLine(said) || `initdb was ended by ${signal}`;
      resolve({ reason, wasStopped: signal === "SIGINT" || signal === "SIGTERM" });
    });
  });
}

/** The line that says what went wrong; initdb goes on to tell how it cleans up. */
function errorLine(text: string): string {
  const lines = text.trim().split("\n");
  return (lines.find((line) => /error|fatal|could not/i.test(line)) ?? lastLine(text)).replace(TIME_STAMP, "");
}

/** What the server puts before its word for how bad it is, and that word. */
const TIME_STAMP = /^.*?(FATAL|PANIC|DETAIL|HINT|LOG): +/;

/** What to do, where the server's own reason is that there is no room. */
export const adviceOnSpace = (reason: string): string =>
  /No space left on device|could not (?:extend|write)|wrote only/.test(reason)
    ? " (make room on that disk, or give another directory with --data DIR)"
    : "";

/** What a copy that was cut short, or lost modes or owner on its way, makes the server say. */
export const adviceOnCopy = (reason: string): string =>
  /does not exist|No such file or directory|Permission denied|invalid permissions|incorrect checksum|valid checkpoint/.test(
    reason,
  )
    ? " (where the data was copied, copy it again, whole and with `cp -a`, while nothing runs on it; or give another directory with --data DIR, or begin afresh with --reset)"
    : "";

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/**
 * Removes a cluster, and never anything else: under another name, so that a crash in between leaves none rather than
 * half of one.
 */
export function removeCluster(cluster: string): void {
  removeRemains(cluster);
  if (!existsSync(cluster)) return;
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    throw new StartError(
      `${cluster} holds no database and is not removed: move it away, or give another directory with --data DIR`,
    );
  }
  renameSync(cluster, `${cluster}.removed-${process.pid}`);
  removeRemains(cluster);
}

const REMAINS = /^\.(draft|removed)-\d+$/;
/** What a cluster holds beside the server's own folders and files, which begin with `pg_`. */
const CLUSTER_ENTRIES = new Set([
  ...["PG_VERSION", "base", "global", "postgresql.conf", "postgresql.auto.conf", "postmaster.opts", "postmaster.pid"],
  ...["server.log", "server.log.1"],
]);

/** Drafts and removed clusters that an earlier process did not finish with. */
function removeRemains(cluster: string): void {
  const folder = dirname(cluster);
  if (!existsSync(folder)) return;
  const name = basename(cluster);
  for (const found of readdirSync(folder)) {
    if (!found.startsWith(name) || !REMAINS.test(found.slice(name.length))) continue;
    try {
      if (isPartOfCluster(join(folder, found))) rmSync(join(folder, found), { recursive: true, force: true });
    } catch {
      // Still being written to, or no folder; the next start looks again.
    }
  }
}

/** Whether a folder holds a cluster, or what is there of one that is half-made or half removed, and nothing else. */
const isPartOfCluster = (folder: string): boolean =>
  readdirSync(folder).every((entry) => entry.startsWith("pg_") || CLUSTER_ENTRIES.has(entry));

/** Who may connect: everybody who can enter the private socket directory; over TCP only with the password. */
export function writeAccessRules(cluster: string, account: Account | null, withTcp: boolean): void {
  const lines = ["local all all trust", ...(withTcp ? ["host all all 127.0.0.1/32 scram-sha-256"] : [])];
  const file = join(cluster, "pg_hba.conf");
  const text = `${lines.join("\n")}\n`;
  // Rewriting it on a full disk would leave it empty.
  if (readOrNull(file) === text) return;
  writeFileSync(file, text, { mode: 0o600 });
  if (account !== null) chownSync(file, account.uid, account.gid);
}

/** Keeps the server's log from growing for ever: one earlier file is kept. */
export function rotateLog(cluster: string): void {
  const file = logFileOf(cluster);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && found.size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
}

/** Connections that came too early, and a guess about data that a recovery was interrupted on: neither is a reason. */
const ASIDE = /FATAL: +the database system is |HINT: +This probably means that some data is corrupted/;

/** A disk that is full can be told in the log as nothing out of the ordinary. */
const REASON = /FATAL|PANIC|DETAIL|HINT|error while loading|No space left on device/;

/** What the server wrote since `offset`, without the time stamps: the lines that say why it ended. */
export function logSince(cluster: string, offset: number): string {
  const file = logFileOf(cluster);
  const text = existsSync(file) ? readFileSync(file).subarray(offset).toString() : "";
  const lines = text.split("\n").filter((line) => REASON.test(line) && !ASIDE.test(line));
  return lines.map((line) => line.replace(TIME_STAMP, "")).join("; ") || lastLine(text);
}

export const logSize = (cluster: string): number => statSync(logFileOf(cluster), { throwIfNoEntry: false })?.size ?? 0;

/** The postmaster's number and status as it writes them itself. */
export function readPostmaster(
  cluster: string,
): { pid: number; port: number; socketDir: string; ready: boolean } | null {
  const lines = readOrNull(join(cluster, "postmaster.pid"))?.split("\n");
  if (lines === undefined) return null;
  const [pid, , , port, socketDir = "", , , status] = lines;
  return { pid: Number(pid), port: Number(port), socketDir, ready: status?.trim() === "ready" };
}

const POLL_MS = 10;
/** A server that is asked to end in the middle of its own recovery can hang; ended at once, it only recovers again. */
const FAST_STOP_MS = 500;
const LEFTOVER_STOP_MS = 30_000;

/**
 * Ends a server that an earlier process left on this cluster, and waits for what remains of one that was killed: its
 * last processes may still be writing. After that the number in its file is a zombie's, or by now another program's
 * (after a restart of a container); the file goes, which would keep the server from starting.
 */
export async function endLeftover(cluster: string, scheduler: Scheduler, log: (line: string) => void): Promise<void> {
  const leftover = readPostmaster(cluster);
  if (leftover === null) return;
  if (serverProcesses(cluster, leftover.pid).includes(leftover.pid)) {
    log(`ending the database server ${leftover.pid} that an earlier process left behind`);
    signal(leftover.pid, "SIGINT");
  }
  await untilEnded(cluster, leftover.pid, scheduler);
  if (isAlive(leftover.pid)) rmSync(join(cluster, "postmaster.pid"), { force: true });
  if (basename(leftover.socketDir).startsWith(SOCKET_DIR_PREFIX)) {
    rmSync(leftover.socketDir, { recursive: true, force: true });
  }
}

async function untilEnded(cluster: string, postmaster: number, scheduler: Scheduler): Promise<void> {
  for (let waitedMs = 0; waitedMs < LEFTOVER_STOP_MS; waitedMs += POLL_MS) {
    const running = serverProcesses(cluster, postmaster);
    if (running.length === 0) return;
    if (waitedMs === FAST_STOP_MS) for (const pid of running) signal(pid, "SIGQUIT");
    await scheduler.sleep(POLL_MS);
  }
  const running = serverProcesses(cluster, postmaster).join(" ");
  throw new StartError(
    `The database server of an earlier process does not end: end it with \`kill -9 ${running}\`, then start again`,
  );
}

/** Whether that process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && Reflect.get(error, "code") === "EPERM";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime, which is what was wanted.
  }
}

/** The living processes of the server on this cluster; zombies do not count. */
function serverProcesses(cluster: string, postmaster: number): number[] {
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-o", "command=", "-p", String(postmaster)], { encoding: "utf8" });
    return stdout.includes(cluster) ? [postmaster] : [];
  }
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => readOrNull(`/proc/${pid}/comm`) === "postgres\n" && worksIn(cluster, pid));
}

/** Every process of a server has the cluster as its working directory; a postmaster also names it when it starts. */
function worksIn(cluster: string, pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === cluster;
  } catch {
    return readOrNull(`/proc/${pid}/cmdline`)?.includes(cluster) ?? false;
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
