/** CPU time of process trees from /proc (Linux): user and system, dead children included once they are waited for. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks are a hundred a second on every Linux that Bun runs on. */
const MS_A_TICK = 10;

interface ProcessTimes {
  readonly parent: number;
  readonly ownMs: number;
  readonly reapedMs: number;
}

/** Whether CPU times of other processes can be read on this machine. */
export const cpuIsReadable = process.platform === "linux";

/**
 * CPU ms that the process `pid` and everything below it has used so far. Differences of two readings are what counts:
 * a child that ended in between moves into its parent's own figure, so nothing is lost.
 */
export function treeCpuMs(pid: number): number {
  const children = new Map<number, number[]>();
  const times = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    const id = Number(name);
    const found = id > 0 ? processTimes(id) : undefined;
    if (found === undefined) continue;
    times.set(id, found);
    children.set(found.parent, [...(children.get(found.parent) ?? []), id]);
  }
  const root = times.get(pid);
  if (root === undefined) throw new Error(`process ${pid} is gone, so its CPU cannot be read`);
  let sumMs = 0;
  for (const queue = [pid]; queue.length > 0; ) {
    const id = queue.pop() ?? 0;
    const own = times.get(id);
    sumMs += own === undefined ? 0 : own.ownMs + own.reapedMs;
    queue.push(...(children.get(id) ?? []));
  }
  return sumMs;
}

function processTimes(pid: number): ProcessTimes | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The command's name is in brackets and may hold anything; the fields that count follow the last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (index: number) => Number(fields[index]);
  return {
    parent: field(1),
    ownMs: (field(11) + field(12)) * MS_A_TICK,
    reapedMs: (field(13) + field(14)) * MS_A_TICK,
  };
}
