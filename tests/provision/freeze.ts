/** Stops a process from running, with its connections open (SIGSTOP). */
import { readdirSync, readFileSync } from "node:fs";

const WITHIN_MS = 5_000;

/**
 * Returns once no thread of it runs any more, where the system tells: the signal alone leaves a busy machine time to answer
 * what was sent after it.
 */
export function freeze(pid: number): void {
  process.kill(pid, "SIGSTOP");
  const end = performance.now() + WITHIN_MS;
  while (process.platform === "linux" && performance.now() < end && !isFrozen(pid)) Bun.sleepSync(1);
}

/** A thread that ends meanwhile is no thread that runs. */
function isFrozen(pid: number): boolean {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).every((thread) => {
    try {
      const stat = readFileSync(`${folder}/${thread}/stat`, "latin1");
      return "TtXZ".includes(stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "");
    } catch {
      return true;
    }
  });
}
