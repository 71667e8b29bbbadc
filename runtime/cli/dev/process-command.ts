import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The command line of a process; empty for one that has ended, also while its parent has not asked how. */
export function commandOf(pid: number): string {
  if (process.platform !== "linux")
    return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
