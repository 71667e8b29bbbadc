/**
 * Takes packages from the distribution's own archive with apt, without installing them and without root: apt keeps its
 * lists in a directory of ours, and a package is unpacked, not configured.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { MissingTool } from "./missing.ts";
import { runClient } from "./registry-client.ts";

const NETWORK_HINT = "check the network and the machine's apt sources, then try again";

/** Whether this machine has what takes and unpacks Debian packages. */
export function hasApt(): boolean {
  return Bun.which("apt-get") !== null && Bun.which("dpkg-deb") !== null;
}

/**
 * Unpacks the first of the packages `names` that the archive has into `directory`, which becomes its root. Its absolute
 * links lead into that root where their target is there. Throws `MissingTool` when none can be had.
 */
export function unpackDebianPackage(names: readonly string[], directory: string): Promise<void> {
  return unpack(names.slice(0, 1), directory, (apt, scratch) => download(apt, names, scratch));
}

/** The same for all of the packages `names`, with what they need and this machine does not have. */
export function unpackDebianPackages(names: readonly string[], directory: string): Promise<void> {
  return unpack(names, directory, (apt, scratch) => downloadWithNeeded(apt, names, scratch));
}

async function unpack(
  names: readonly string[],
  directory: string,
  download: (apt: readonly string[], scratch: string) => Promise<readonly string[]>,
): Promise<void> {
  const scratch = join(directory, ".apt");
  await mkdir(join(scratch, "state", "lists", "partial"), { recursive: true });
  await mkdir(join(scratch, "cache", "archives", "partial"), { recursive: true });
  const apt = ["apt-get", "-q", ...privateState(scratch)];
  console.error(`downloading ${names.join(", ")} with apt-get (once; later runs use the cache) …`);
  const files = await download(apt, scratch);
  for (const file of files) {
    const hint = `cannot unpack ${file}; is there room left on the disk?`;
    await runClient(["dpkg-deb", "-x", file, directory], { hint });
  }
  await rm(scratch, { recursive: true, force: true });
  await keepLinksInside(directory);
  console.error(`downloaded ${files.map((file) => basename(file)).join(", ")}`);
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
    // Nothing is installed, so the machine's own lock is neither needed nor, without root, to be had.
    "Debug::NoLocking": "1",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

async function download(apt: readonly string[], names: readonly string[], scratch: string): Promise<readonly string[]> {
  const hint = `apt-get found none of ${names.join(", ")}; ${NETWORK_HINT}`;
  let cause = await update(apt, hint);
  for (const name of names) {
    try {
      await runClient([...apt, "download", name], { hint, cwd: scratch });
      const files = await packagesIn(scratch);
      if (files.length > 0) return files;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new MissingTool(names[0] ?? "a Debian package", hint, { cause });
}

/** Leaves it to apt to say what is needed: names and versions of libraries differ between releases. */
async function downloadWithNeeded(
  apt: readonly string[],
  names: readonly string[],
  scratch: string,
): Promise<readonly string[]> {
  const hint = `apt-get cannot download ${names.join(", ")} with what they need; ${NETWORK_HINT}`;
  await update(apt, hint);
  // What is installed already would not be downloaded, and we want the packages themselves in any case.
  const install = ["install", "--download-only", "--reinstall", "--yes", "--no-install-recommends", ...names];
  await runClient([...apt, ...install], { hint });
  const files = await packagesIn(join(scratch, "cache", "archives"));
  if (files.length === 0) throw new MissingTool(names.join(", "), hint);
  return files;
}

/** Resolves with what went wrong: the sources that are to be reached may have the package all the same. */
async function update(apt: readonly string[], hint: string): Promise<unknown> {
  return runClient([...apt, "update"], { hint }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function packagesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith(".deb")).map((name) => join(directory, name));
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
