/**
 * Applications whose supervisor was killed. They end by themselves within moments, but until then they hold their
 * ports, and one that is caught in a loop would hold them for ever. So the supervisor notes in the data directory which
 * it has started, and the next one, which holds the directory and so knows that nobody else uses it, sees them gone
 * first. A number that by now belongs to another program is told by its command line.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scheduler } from "../../scheduler.ts";
import { StartError } from "../../start-error.ts";
import { commandOf } from "./process-command.ts";

/** In every supervised application's command line, with its data directory. */
export const SUPERVISED_FLAG = "--supervised";

const noteOf = (dataDir: string) => join(dataDir, "application.pid");
const POLL_MS = 20;
const PATIENCE_MS = 2_000;
/** Only a process that the kernel itself holds up lasts so long. */
const KILL_PATIENCE_MS = 5_000;

/** Notes which applications run; none removes the note. */
export function noteApplications(dataDir: string, pids: ReadonlySet<number>): void {
  try {
    if (pids.size === 0) rmSync(noteOf(dataDir), { force: true });
    else writeFileSync(noteOf(dataDir), `${[...pids].join("\n")}\n`);
  } catch {
    // A full disk or a directory that somebody removed: the application ends by itself all the same.
  }
}

/**
 * Resolves when none of the noted applications runs any more; ends by force what does not end by itself. Rejects with a
 * `StartError` when one outlives that as well.
 */
export async function endOrphans(dataDir: string, scheduler: Scheduler, say: (line: string) => void): Promise<void> {
  for (const pid of notedIn(dataDir)) {
    for (let waitedMs = 0; isApplication(pid, dataDir); waitedMs += POLL_MS) {
      if (waitedMs === PATIENCE_MS) {
        say(`ending the application ${pid} that an earlier process left behind`);
        kill(pid);
      }
      if (waitedMs >= PATIENCE_MS + KILL_PATIENCE_MS)
        throw new StartError(
          `the application ${pid} that an earlier process left behind does not end, even by force: see what holds it (ps -o stat,wchan -p ${pid}), end it, and start again`,
        );
      await scheduler.sleep(POLL_MS);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself, or is not ours to end: the next look tells.
  }
}

function notedIn(dataDir: string): number[] {
  try {
    return readFileSync(noteOf(dataDir), "utf8").trim().split("\n").map(Number);
  } catch {
    return [];
  }
}

function isApplication(pid: number, dataDir: string): boolean {
  const words = commandOf(pid);
  return words.includes(SUPERVISED_FLAG) && words.includes(dataDir);
}
