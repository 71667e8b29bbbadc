/** What an image has that its base has not. */

import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Made by every engine where a container has to have them. */
const OF_ENGINES = /^(?:dev|proc|sys|run)(?:\/|$)/;

export interface Entry {
  readonly path: string;
  /** Permission bits and kind, as `ls` counts them. */
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
}

/** Every file below `root` by its path; links are not followed, as they lead out of an image that does not run. */
function entriesOf(root: string): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const walk = (folder: string) => {
    for (const { name } of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (OF_ENGINES.test(path)) continue;
      const stats = lstatSync(join(root, path));
      const { mode, size, uid } = stats;
      entries.set(path, { path, mode, size, uid });
      if (stats.isDirectory()) walk(path);
    }
  };
  walk("");
  return entries;
}

/** Files that `root` has beside those of `base`, those that it changed, and those that it lacks. */
export function changedFiles(root: string, base: string) {
  const own = entriesOf(root);
  const below = entriesOf(base);
  const same = (one: Entry, other: Entry) =>
    one.mode === other.mode && one.size === other.size && one.uid === other.uid;
  const isDirectory = ({ mode }: Entry) => (mode & 0o170000) === 0o040000;
  const added = [...own.values()].filter(({ path }) => !below.has(path));
  const changed = [...own.values()].filter((entry) => {
    const before = below.get(entry.path);
    // A directory's size is the file system's business.
    return before !== undefined && !same(entry, isDirectory(entry) ? { ...before, size: entry.size } : before);
  });
  const missing = [...below.keys()].filter((path) => !own.has(path));
  return { added, changed, missing };
}
