/**
 * The account that the database server runs as. PostgreSQL refuses to run as root, so root hands the server, and only
 * it, to another account: the owner of the data directory (or of the folder it is made in), else `postgres`, else
 * `nobody`. The server needs an account that the password database knows.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StartError } from "../../start-error.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Null when the server runs as the user of this process. */
export function chooseAccount(dataDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const known = readAccounts();
  const owner = ownerOfNearest(dataDir);
  const chosen = [...known.values()].find((account) => account.uid === owner && owner !== 0);
  const account = chosen ?? known.get("postgres") ?? known.get("nobody");
  if (account === undefined) {
    throw new StartError(
      "The embedded PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to hand it to: run as another user, or give a database URL",
    );
  }
  return account;
}

/** Whether the account may enter every directory on the way to `path`, and `path` itself. */
export function canReach(account: Account | null, path: string): boolean {
  if (account === null) return true;
  for (let directory = path; ; directory = dirname(directory)) {
    const { mode, uid, gid } = statSync(directory);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}

/** Undefined when there is nothing at the path, or nothing can be: that is reported when it is made. */
function ownerOfExisting(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function ownerOfNearest(path: string): number {
  for (let directory = path; ; directory = dirname(directory)) {
    const owner = ownerOfExisting(directory);
    if (owner !== undefined) return owner;
    if (directory === dirname(directory)) return 0;
  }
}

function readAccounts(): Map<string, Account> {
  const accounts = new Map<string, Account>();
  let text = "";
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    return accounts;
  }
  for (const line of text.split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (!name || !uid || !gid) continue;
    accounts.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
