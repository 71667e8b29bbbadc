/**
 * Cores for the load generator alone, so that what it uses is not taken from what it measures: the platform and its
 * database run on the others. Where that cannot be had (one core, no `taskset`), all share what there is.
 */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

export interface Cores {
  /** Put before the generator's command line. */
  readonly generator: readonly string[];
  /** Moves a process, its threads and everything below it to the platform's cores. */
  confine(pid: number): void;
  /** In one line, for whoever judges the figures. */
  readonly words: string;
}

/** The last core is the generator's. */
export function divideCores(count = availableParallelism(), taskset = Bun.which("taskset")): Cores {
  if (count < 2 || taskset === null)
    return {
      generator: [],
      confine: () => undefined,
      words: "the load generator shares all cores with the platform: what it uses is missing there",
    };
  const last = count - 1;
  const others = last === 1 ? "0" : `0-${last - 1}`;
  return {
    generator: [taskset, "-c", String(last)],
    confine(pid) {
      for (const each of treeOf(pid)) Bun.spawnSync([taskset, "-a", "-c", "-p", others, String(each)]);
    },
    words: `the load generator has core ${last} to itself, the platform and its database have core ${others}`,
  };
}

/** A process and all below it; children that end meanwhile are no concern. */
function treeOf(pid: number): number[] {
  const children = (thread: string) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")
        .trim()
        .split(" ")
        .filter(Boolean)
        .map(Number);
    } catch {
      return [];
    }
  };
  try {
    return [pid, ...readdirSync(`/proc/${pid}/task`).flatMap(children).flatMap(treeOf)];
  } catch {
    return [];
  }
}
