import { existsSync, readFileSync } from "node:fs";

/** Whether a process has ended; one that nobody has asked about yet counts as ended. */
export function hasEnded(pid: number): boolean {
  if (process.platform !== "linux") return Bun.spawnSync(["ps", "-p", String(pid)]).exitCode !== 0;
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] : "X";
  return state === undefined || state === "X" || state === "Z";
}
