/** PostgreSQL refuses to run as root: a root process starts it as another user, who must reach its files. */
import { chownSync, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: Account = { uid: 65534, gid: 65534 };

/** Whom a server is to run as; `undefined` when we are no root and it simply runs as us. */
export function serverAccount(): Account | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

/** Gives `path` to the account. */
export function giveTo(path: string, account: Account): void {
  chownSync(path, account.uid, account.gid);
}

/**
 * Where the account can run `packageDir` from: that place itself, or a copy under `directory` when a directory above it
 * (root's home, usually) is closed to others.
 */
export async function reachablePackage(packageDir: string, directory: string, account: Account | undefined) {
  if (account === undefined || isOpenToOthers(packageDir)) return packageDir;
  const copy = join(directory, "package");
  // Hard links take no room and little time; another file system, or another cp, needs a real copy.
  if (Bun.spawnSync(["cp", "-al", packageDir, copy], { stdout: "ignore", stderr: "ignore" }).exitCode !== 0) {
    await cp(packageDir, copy, { recursive: true, force: true });
  }
  return copy;
}

function isOpenToOthers(path: string): boolean {
  for (let place = path; ; place = dirname(place)) {
    if ((statSync(place).mode & 0o001) === 0) return false;
    if (place === dirname(place)) return true;
  }
}
