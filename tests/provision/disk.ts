/** Small file systems of their own, which a test can fill up or cut off. They need root on Linux. */
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuard } from "./guard.ts";
import { MissingTool } from "./missing.ts";

export interface Disk {
  /** Where it is mounted: open to every account. */
  readonly path: string;
  /** Unmounts it, and with it everything on it. Whatever ran there must have ended. */
  remove(): Promise<void>;
}

const HINT =
  "it mounts a file system: run it as root on Linux (in a container with the right to mount: docker run --privileged)";

/** A file system in memory. Throws `MissingTool` where none can be mounted. */
export function memoryDisk(megabytes: number): Promise<Disk> {
  return mounted(["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs"]);
}

/** The ext4 file system in an image file, through a loop device. Its journal is played back if that is needed. */
export function imageDisk(image: string, options: string): Promise<Disk> {
  return mounted(["-t", "ext4", "-o", `loop,${options}`, image]);
}

/** Makes an empty ext4 file system in a file. */
export function makeImage(image: string, megabytes: number): void {
  run("truncate", "-s", `${megabytes}M`, image);
  run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
}

async function mounted(source: readonly string[]): Promise<Disk> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) throw new MissingTool("a disk of its own", HINT);
  const path = await mkdtemp(join(tmpdir(), "genai-demo-disk-"));
  const guard = startGuard('umount -l "$1"; rmdir "$1"', path);
  const remove = async () => {
    // Lazily: what still looks at it keeps it a moment longer, and the name is free at once.
    Bun.spawnSync(["umount", "-l", path], { stderr: "ignore" });
    await rmdir(path);
    await guard.release();
  };
  try {
    run("mount", ...source, path);
    run("chmod", "755", path);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new MissingTool(command.join(" "), `${stderr.toString().trim()}; ${HINT}`);
}
