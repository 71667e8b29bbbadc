/** Memory of a process from /proc (Linux). */
import { readFileSync } from "node:fs";

/** `VmRSS`: now; `VmHWM`: the most it has ever been. */
export function residentMb(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) / 1024;
}
