/**
 * The processes below one that a test has started, read from /proc (Linux): who they are, and how to kill them.
 *
 * A process is known by its number and its start time, so a number that the system has given to another program since
 * is never killed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { MissingTool } from "../provision/missing.ts";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** In clock ticks since the machine started. */
  readonly startedTicks: string;
  /** The program's short name. */
  readonly name: string;
  readonly command: string;
}

/** Throws `MissingTool` where processes of others cannot be looked at. */
export async function needProcesses(): Promise<true> {
  if (process.platform === "linux") return true;
  throw new MissingTool("a look at the processes of the platform", "it reads /proc: run it on Linux");
}

/** The living process with this number; ended ones that nobody has waited for yet do not count. */
export function processOf(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name is in brackets and may hold anything.
    const nameEnd = stat.lastIndexOf(")");
    const [state, parent, group, ...rest] = stat.slice(nameEnd + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    return {
      pid,
      parent: Number(parent),
      group: Number(group),
      startedTicks: rest[16] ?? "",
      name: stat.slice(stat.indexOf("(") + 1, nameEnd),
      command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim(),
    };
  } catch {
    return undefined;
  }
}

/** The living processes below `pid`, parents before their children; without itself. */
export function descendantsOf(pid: number): ProcessEntry[] {
  const all = readdirSync("/proc")
    .map(Number)
    .filter((id) => id > 0)
    .flatMap((id) => processOf(id) ?? []);
  const found: ProcessEntry[] = [];
  for (let parents = new Set([pid]); parents.size > 0; ) {
    const children = all.filter((entry) => parents.has(entry.parent));
    found.push(...children);
    parents = new Set(children.map((entry) => entry.pid));
  }
  return found;
}

/** Whether it still is the process that was seen. */
export function isRunning(seen: ProcessEntry): boolean {
  return processOf(seen.pid)?.startedTicks === seen.startedTicks;
}

/** SIGKILL to those that still run. */
export function killAll(seen: readonly ProcessEntry[]): void {
  for (const entry of seen) signalOne(entry, "SIGKILL");
}

/** Sends a signal if the process still is the one that was seen. */
export function signalOne(seen: ProcessEntry, signal: NodeJS.Signals): void {
  if (!isRunning(seen)) return;
  try {
    process.kill(seen.pid, signal);
  } catch {
    // It ended in this very moment.
  }
}

/** Waits until none of them runs. */
export async function untilEnded(seen: readonly ProcessEntry[], timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = seen.filter(isRunning);
    if (left.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`still running after ${timeoutMs} ms: ${left.map(({ pid, command }) => `${pid} ${command}`)}`);
    await Bun.sleep(1);
  }
}

/** What a running platform consists of. */
export interface PlatformParts {
  /** The process that was spawned: the application itself, or one that watches over it. */
  readonly spawned: ProcessEntry | undefined;
  readonly application: ProcessEntry | undefined;
  /** The spawned process where the application is a child of it. */
  readonly supervisor: ProcessEntry | undefined;
  /** The postmaster of the embedded PostgreSQL. */
  readonly server: ProcessEntry | undefined;
  /** Its processes that serve a connection each. */
  readonly backends: readonly ProcessEntry[];
  /** All of it, guards included. */
  readonly all: readonly ProcessEntry[];
}

/** The parts below a spawned `bun runtime/main.ts COMMAND`, whichever exist at the moment. */
export function partsOf(spawnedPid: number): PlatformParts {
  const spawned = processOf(spawnedPid);
  const all = [...(spawned === undefined ? [] : [spawned]), ...descendantsOf(spawnedPid)];
  const application = all.findLast(({ command }) => command.includes("runtime/main.ts"));
  const servers = new Set(all.flatMap(({ name, pid }) => (name === "postgres" ? [pid] : [])));
  const server = all.find(({ pid, parent }) => servers.has(pid) && !servers.has(parent));
  return {
    spawned,
    application,
    supervisor: application?.pid === spawnedPid ? undefined : spawned,
    server,
    backends: all.filter(({ parent, command }) => parent === server?.pid && isBackend(command)),
    all,
  };
}

/** `postgres: USER DATABASE [local]`, or the client's address in place of the last. */
export const isBackend = (command: string): boolean => /^postgres: \S+ \S+ (\[local\]|[\d.]+\(\d+\))/.test(command);

/** Whom a kind of kill meets. */
export interface Victims {
  readonly kill: readonly ProcessEntry[];
  /** What ends because of it, or must not outlive it for the kill to have its effect. */
  readonly falls: readonly ProcessEntry[];
}

/** Whom a kind of kill meets where the processes of the platform stand beside their database server. */
export function victimsBeside(
  serverPid: number | undefined,
  running: readonly ProcessEntry[],
  kind: string,
  choose: (from: readonly ProcessEntry[]) => ProcessEntry,
): Victims {
  const postmaster = processOf(serverPid ?? 0);
  const all = postmaster === undefined ? [] : descendantsOf(postmaster.pid);
  const backends = all.filter(({ command }) => isBackend(command));
  const chosen = (from: readonly ProcessEntry[]) => (from.length === 0 ? [] : [choose(from)]);
  switch (kind) {
    case "replica":
    case "member":
      return { kill: chosen(running), falls: [] };
    case "replicas":
    case "members":
      return { kill: running, falls: [] };
    case "server":
      return { kill: postmaster === undefined ? [] : [postmaster], falls: all };
    case "backend":
      return { kill: chosen(backends), falls: backends };
    default:
      throw new Error(`no kind of kill ${kind}`);
  }
}
