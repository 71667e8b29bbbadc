/**
 * The data directory: one process at a time, and where the cluster lives.
 *
 * The lock is SQLite's exclusive lock on a small file, because that is a lock of the operating system: the kernel
 * drops it when the process dies, kill -9 included, so there is no stale lock and no race to take one over. A text
 * file beside it names the holder, for the message only.
 *
 * The cluster is the folder `postgres` in the data directory. Where root runs the server under an account that cannot
 * enter the data directory, it lives under /var/lib/genai-demo and the file `postgres-location` says where, and of which
 * data directory it is: a copy of that one has no database of its own, and is refused.
 */
import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "../../error-text.ts";
import { StartError } from "../../start-error.ts";
import { type Account, canReach, chooseAccount } from "./account.ts";
import { ROOT_STATE_FOLDER } from "./native.ts";

export interface DataDirectory {
  readonly path: string;
  /** Who runs the server; null is the user of this process. */
  readonly account: Account | null;
  /** Where the cluster is or will be. */
  readonly cluster: string;
  release(): void;
}

const POINTER = "postgres-location";
const HOLDER = "holder.pid";
/** A killed process keeps its locks until the last of its threads is gone. */
const DYING_HOLDER_MS = 500;

/** Takes the data directory for this process. Throws a `StartError` when it cannot be had. */
export function takeDataDirectory(dataDir: string, log: (line: string) => void): DataDirectory {
  const wanted = resolve(dataDir);
  const account = chooseAccount(wanted);
  const path = makeWritable(wanted);
  const release = takeLock(path);
  try {
    return { path, account, cluster: locateCluster(path, account, log), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Takes the data directory for this process for what is there beside a database; the returned function releases it. */
export const holdDataDirectory = (dataDir: string): (() => void) => takeLock(makeWritable(resolve(dataDir)));

/** What the operating system refused below a data directory, as a `StartError`; anything else as it is. */
export function systemFault(error: unknown, dataDir: string): unknown {
  const code = error instanceof Error && "syscall" in error && "code" in error ? error.code : undefined;
  if (code === undefined) return error;
  const what =
    code === "ENOSPC" || code === "EDQUOT"
      ? `The disk of the data directory ${dataDir} is full: make room there`
      : `The data directory ${dataDir} cannot be used (${messageOf(error)}): mend that`;
  return new StartError(`${what}, or give another directory with --data DIR`, { cause: error });
}

function makeWritable(wanted: string): string {
  try {
    if (isDanglingLink(wanted)) throw new Error(`it is a link to ${readlinkSync(wanted)}, which is not there`);
    if (!existsSync(wanted)) mkdirSync(wanted, { recursive: true, mode: 0o711 });
    if (!statSync(wanted).isDirectory()) throw new Error("it is a file");
    accessSync(wanted, constants.W_OK | constants.X_OK);
    return realpathSync(wanted);
  } catch (error) {
    throw new StartError(
      `The data directory ${wanted} cannot be written (${messageOf(error)}): give another one with --data DIR`,
      { cause: error },
    );
  }
}

const isDanglingLink = (path: string): boolean =>
  !existsSync(path) && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function takeLock(path: string): () => void {
  const lock = openLock(path);
  try {
    lock.run(`pragma busy_timeout = ${DYING_HOLDER_MS}`);
    lock.run("pragma locking_mode = exclusive");
    lock.run("pragma journal_mode = memory");
    lock.run("begin exclusive");
  } catch (error) {
    lock.close();
    if (messageOf(error).includes("locked")) throw new StartError(inUse(path), { cause: error });
    throw new StartError(
      `The data directory ${path} cannot be locked (${messageOf(error)}): remove the file ${join(path, "lock")}, or give another directory with --data DIR`,
      { cause: error },
    );
  }
  const holder = join(path, HOLDER);
  try {
    writeFileSync(holder, `${process.pid}\n`);
  } catch {
    // A full disk: a message that names the holder does without its number.
  }
  return () => {
    rmSync(holder, { force: true });
    lock.close();
  };
}

function openLock(path: string): Database {
  try {
    return new Database(join(path, "lock"), { create: true });
  } catch (error) {
    throw new StartError(
      `The data directory ${path} cannot be written (${messageOf(error)}): give another one with --data DIR`,
      { cause: error },
    );
  }
}

function inUse(path: string): string {
  let holder = "another process";
  try {
    const pid = readFileSync(join(path, HOLDER), "utf8").trim();
    if (pid !== "") holder = `process ${pid}`;
  } catch {
    // The holder has just started or is just ending, or had no room: the message does without its number.
  }
  return `The data directory ${path} is in use by ${holder}: end that process, or give another directory with --data DIR`;
}

function locateCluster(path: string, account: Account | null, log: (line: string) => void): string {
  const inside = join(path, "postgres");
  const pointer = join(path, POINTER);
  if (existsSync(inside)) return inside;
  const known = readPointer(path);
  if (known !== null && account === null)
    throw new StartError(
      `The data in ${path} was made by root and lives in ${known.cluster}: run as root, or give another directory with --data DIR`,
    );
  if (known !== null && known.of !== path && readPointer(known.of)?.cluster === known.cluster)
    throw new StartError(
      `${path} and ${known.of} lead to the same database, ${known.cluster}, so one is a copy without a database of its own: remove ${POINTER} from the one that is to begin anew, or give another directory with --data DIR`,
    );
  if (known === null && canReach(account, path)) return inside;
  const elsewhere = known?.cluster ?? unusedPlace(path, log);
  mkdirSync(ROOT_STATE_FOLDER, { recursive: true, mode: 0o755 });
  if (known?.of !== path) writeFileSync(pointer, `${elsewhere}\n${path}\n`);
  return elsewhere;
}

/** Null where the directory has none. One that names no directory is of a version that wrote none. */
function readPointer(path: string): { readonly cluster: string; readonly of: string } | null {
  const pointer = join(path, POINTER);
  if (!existsSync(pointer)) return null;
  const [cluster = "", of = path] = readFileSync(pointer, "utf8").trim().split("\n");
  return { cluster, of };
}

/**
 * What an earlier data directory of that path left is never taken or removed: the directory may have been moved aside, and
 * then its pointer still leads there.
 */
function unusedPlace(path: string, log: (line: string) => void): string {
  const first = join(ROOT_STATE_FOLDER, createHash("sha256").update(path).digest("hex").slice(0, 16));
  for (let place = first, number = 2; ; place = `${first}-${number++}`) {
    if (!existsSync(place)) return place;
    log(`${place} is of an earlier ${path} and is left: where that was removed and not moved, remove it as well`);
  }
}

/** Where the cluster of a data directory is; null when there is none yet. Changes nothing. */
export function findCluster(dataDir: string): string | null {
  const inside = join(resolve(dataDir), "postgres");
  if (existsSync(inside)) return inside;
  const elsewhere = readPointer(resolve(dataDir))?.cluster;
  return elsewhere !== undefined && existsSync(elsewhere) ? elsewhere : null;
}

/** Drops the pointer, after the cluster itself has been removed. */
export function forgetCluster(path: string): void {
  rmSync(join(path, POINTER), { force: true });
}

/** Who owns the cluster and so must run it: `account` when there is none yet. */
export function ownerOf(cluster: string, account: Account | null): Account | null {
  const found = statSync(cluster, { throwIfNoEntry: false });
  if (found === undefined) return account;
  if (account !== null && found.uid !== 0) return { uid: found.uid, gid: found.gid };
  if (account === null && found.uid !== process.getuid?.()) {
    throw new StartError(
      `The data in ${cluster} belongs to the user with the number ${found.uid}: run as that user, or give another directory with --data DIR`,
    );
  }
  return account;
}

/** Makes a folder that only the server's account (and root) may enter. */
export function makePrivateFolder(folder: string, account: Account | null): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  if (account !== null) chownSync(folder, account.uid, account.gid);
}
