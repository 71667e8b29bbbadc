/**
 * A power cut, played on an ext4 file system in an image file.
 *
 * What a program has written but not flushed is in the page cache of the mounted file system; the image file has only
 * what that file system has handed to its disk. So all writers are frozen, the image is copied as it is, and they are
 * killed: the copy is the disk after the cut, and mounting it plays its journal back. Writes by time, and not because
 * somebody flushed, would blur the picture: the journal is committed by itself every five minutes only, and Linux
 * leaves other dirty pages alone for thirty seconds, which the play must not take.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readPostmaster, SOCKET_DIR_PREFIX } from "../../runtime/database/embedded/cluster.ts";
import { findCluster } from "../../runtime/database/embedded/data-directory.ts";
import { type Disk, imageDisk, makeImage } from "../provision/disk.ts";
import { descendantsOf, killAll, processOf, signalOne, untilEnded } from "./process-tree.ts";
import { makeDataPlace } from "./single-arena.ts";

const DISK_MB = 512;
const MOUNT_OPTIONS = "commit=300";

export interface CuttableDisk {
  /** Where the disk is mounted now. */
  readonly path: string;
  /** Cuts the power under the given processes and all below them, and mounts what the disk then holds. */
  cut(writers: readonly number[]): Promise<void>;
  remove(): Promise<void>;
}

/** An empty disk. Throws `MissingTool` where none can be mounted. */
export async function cuttableDisk(): Promise<CuttableDisk> {
  const place = await makeDataPlace();
  let image = join(place, "disk-0");
  let disk: Disk;
  try {
    makeImage(image, DISK_MB);
    disk = await imageDisk(image, MOUNT_OPTIONS);
  } catch (error) {
    await rm(place, { recursive: true, force: true });
    throw error;
  }
  let cuts = 0;
  return {
    get path() {
      return disk.path;
    },
    async cut(writers) {
      const frozen = writers.flatMap((pid) => [processOf(pid) ?? [], ...descendantsOf(pid)].flat());
      for (const entry of frozen) signalOne(entry, "SIGSTOP");
      // On another disk, and known to nobody when the file that names it was not flushed.
      const cluster = findCluster(join(disk.path, "data"));
      const sockets = cluster === null ? undefined : readPostmaster(cluster)?.socketDir;
      const copy = join(place, `disk-${++cuts}`);
      const copied = Bun.spawnSync(["cp", "--sparse=always", image, copy]);
      killAll(frozen);
      await untilEnded(frozen);
      if (copied.exitCode !== 0) throw new Error(`the disk could not be copied: ${copied.stderr.toString()}`);
      if (sockets?.split("/").at(-1)?.startsWith(SOCKET_DIR_PREFIX))
        await rm(sockets, { recursive: true, force: true });
      await disk.remove();
      await rm(image);
      image = copy;
      disk = await imageDisk(image, MOUNT_OPTIONS);
    },
    async remove() {
      await disk.remove();
      await rm(place, { recursive: true, force: true });
    },
  };
}
