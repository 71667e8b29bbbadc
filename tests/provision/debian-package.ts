/**
 * Takes a package from the distribution's own archive with apt, without installing it and without root: apt keeps its
 * lists in a directory of ours, and the package is unpacked, not configured.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { MissingTool } from "./missing.ts";
import { runClient } from "./registry-client.ts";

/** Whether this machine has what takes and unpacks Debian packages. */
export function hasApt(): boolean {
  return Bun.which("apt-get") !== null && Bun.which("dpkg-deb") !== null;
}

/**
 * Unpacks the first of the packages `names` that the archive has into `directory`, which becomes its root. Its absolute
 * links lead into that root where their target is there. Throws `MissingTool` when none can be had.
 */
export async function unpackDebianPackage(names: readonly string[], directory: string): Promise<void> {
  const scratch = join(directory, ".apt");
  await mkdir(join(scratch, "state", "lists", "partial"), { recursive: true });
  await mkdir(join(scratch, "cache", "archives", "partial"), { recursive: true });
  const apt = ["apt-get", "-q", ...privateState(scratch)];
  console.error(`downloading ${names[0]} with apt-get (once; later runs use the cache) …`);
  const file = await download(apt, names, scratch);
  const hint = `cannot unpack ${file}; is there room left on the disk?`;
  await runClient(["dpkg-deb", "-x", join(scratch, file), directory], { hint });
  await rm(scratch, { recursive: true, force: true });
  await keepLinksInside(directory);
  console.error(`downloaded ${file}`);
}

/** apt reads the machine's sources and keys, and writes nothing outside `scratch`. */
function privateState(scratch: string): readonly string[] {
  const options = {
    "Dir::State": join(scratch, "state"),
    "Dir::State::status": "/var/lib/dpkg/status",
    "Dir::Cache": join(scratch, "cache"),
    "Acquire::Languages": "none",
    // As root it would download as another user, to whom a cache in root's home is closed.
    "APT::Sandbox::User": "",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

async function download(apt: readonly string[], names: readonly string[], scratch: string): Promise<string> {
  const hint = `apt-get found none of ${names.join(", ")}; check the network and the machine's apt sources, then try again`;
  // One source that is not to be reached fails the update; the others may have the package all the same.
  const update = runClient([...apt, "update"], { hint }).then(
    () => undefined,
    (error: unknown) => error,
  );
  let cause = await update;
  for (const name of names) {
    try {
      await runClient([...apt, "download", name], { hint, cwd: scratch });
      const file = (await readdir(scratch)).find((entry) => entry.endsWith(".deb"));
      if (file !== undefined) return file;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new MissingTool(names[0] ?? "a Debian package", hint, { cause });
}

/** Makes the absolute links under `root` relative ones into `root`, so that the tree works where it is, and moved. */
export async function keepLinksInside(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = await readlink(link);
    if (!target.startsWith("/") || !existsSync(join(root, target))) continue;
    await rm(link);
    await symlink(relative(dirname(link), join(root, target)), link);
  }
}
