/** The test suites: which files each runs, in which topologies. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";

export interface Suite {
  readonly name: string;
  /** Folders whose `*.test.ts` files belong to it. */
  readonly folders: readonly string[];
  /** Runs once in each of these; absent: once, in none. */
  readonly topologies?: readonly Topology[];
  /** Its files run in so many processes at once; absent: one after the other in one. For tests that wait more than they work. */
  readonly workers?: number;
  readonly timeoutMinutes: number;
}

export type Topology = (typeof TOPOLOGIES)[number];

/**
 * `single`: six modules in one process, embedded PostgreSQL. `single-pg`: the same on PostgreSQL 18 over TCP, with Redis.
 * `split`: six processes, with Kafka as well; `pairs`: three modules in each of two; `replicas`: two of each of the six.
 */
export const TOPOLOGIES = ["single", "single-pg", "split", "pairs", "replicas"] as const;

export const SUITES: readonly Suite[] = [
  { name: "unit", folders: ["modules", "runtime"], workers: 3, timeoutMinutes: 10 },
  { name: "boundaries", folders: ["tests/boundaries", "tests/contracts"], timeoutMinutes: 5 },
  {
    name: "tools",
    folders: [
      "tests/provision",
      "tests/load",
      "tests/rights",
      "tests/collector",
      "tests/release",
      "tests/image",
      "tests/infra",
      "tests/kubernetes",
      "tests/cluster",
      "tests/aws",
      "tests/restore",
      "tests/pipeline",
      "tests/documents",
    ],
    timeoutMinutes: 10,
  },
  { name: "dev", folders: ["tests/dev"], timeoutMinutes: 10 },
  { name: "journeys", folders: ["tests/journeys"], topologies: TOPOLOGIES, timeoutMinutes: 15 },
  { name: "processes", folders: ["tests/processes"], timeoutMinutes: 10 },
  { name: "fuzz", folders: ["tests/fuzz"], timeoutMinutes: 10 },
  { name: "executable", folders: ["tests/executable"], timeoutMinutes: 10 },
  { name: "simulation", folders: ["tests/simulation"], timeoutMinutes: 15 },
  { name: "upgrade", folders: ["tests/upgrade", "tests/blue-green"], timeoutMinutes: 10 },
  { name: "faults", folders: ["tests/faults"], timeoutMinutes: 15 },
];

/** Runs that wait more than they work, and measure nothing: those of one line run at the same time. */
const TOGETHER: readonly (readonly string[])[] = [
  ["tools", "dev"],
  ["journeys single", "journeys single-pg"],
  ["journeys split", "journeys pairs"],
  ["processes", "fuzz", "executable"],
];

/** One run of `bun test`: a suite's files, in one topology or none. */
export interface SuiteRun {
  readonly name: string;
  readonly files: readonly string[];
  readonly topology?: Topology;
  readonly workers?: number;
  readonly timeoutMinutes: number;
}

export interface Selection {
  readonly topology?: Topology;
  /** A suite's name, or a part of a file's path. */
  readonly filter?: string;
}

/**
 * What is to run. With a topology only suites that have it run, in it alone. Files that no suite names are an error:
 * a test that nothing runs looks like one that passes.
 */
export async function selectRuns(root: string, selection: Selection): Promise<SuiteRun[]> {
  const runs: SuiteRun[] = [];
  const { filter, topology } = selection;
  for (const suite of SUITES) {
    const all = await testFiles(root, suite.folders);
    const files = filter === undefined || filter === suite.name ? all : all.filter((path) => path.includes(filter));
    const narrowed = filter !== undefined && filter !== suite.name;
    if (narrowed && files.length === 0) continue;
    const { workers, timeoutMinutes } = suite;
    const base = { files, timeoutMinutes, ...(workers === undefined ? {} : { workers }) };
    if (suite.topologies === undefined) {
      if (topology === undefined) runs.push({ ...base, name: suite.name });
      continue;
    }
    for (const one of suite.topologies) {
      if (topology === undefined || topology === one)
        runs.push({ ...base, name: `${suite.name} ${one}`, topology: one });
    }
  }
  return filter !== undefined && SUITES.some((suite) => suite.name === filter)
    ? runs.filter((run) => run.name.split(" ")[0] === filter)
    : runs;
}

/** The runs in their order; those of one entry run at the same time. */
export function sideBySide(runs: readonly SuiteRun[]): readonly (readonly SuiteRun[])[] {
  const together: SuiteRun[][] = [];
  for (const run of runs) {
    const last = together.at(-1);
    const names = [...(last ?? []), run].map(({ name }) => name);
    if (last !== undefined && TOGETHER.some((line) => names.every((name) => line.includes(name)))) last.push(run);
    else together.push([run]);
  }
  return together;
}

/** Test files under modules/, runtime/ and tests/ that belong to no suite. */
export async function orphanedTests(root: string): Promise<string[]> {
  const owned = SUITES.flatMap((suite) => suite.folders.map((folder) => `${folder}/`));
  const all = await testFiles(root, ["modules", "runtime", "tests"]);
  return all.filter((path) => !owned.some((folder) => path.startsWith(folder)));
}

async function testFiles(root: string, folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for await (const path of new Glob("**/*.test.{ts,tsx}").scan({ cwd: join(root, folder) })) {
      if (!path.includes("node_modules")) found.push(`${folder}/${path}`);
    }
  }
  return found.sort();
}
