/** `check`: what must hold of the source itself, without running the product. */
import { join } from "node:path";
import { messageOf } from "../error-text.ts";
import type { Module } from "../module.ts";
import { flagsOf } from "./arguments.ts";
import { staleContracts } from "./contract-files.ts";
import { staleMigrations } from "./migration-check.ts";

export const help = `Usage: genai-demo check [--fix]

Types, lint and format, boundaries between modules, banned calls and SQL, generated migrations, the list of log events
(docs/logs.md), and contracts: whether modules.json, each module's schema file and the diagrams in docs/ are current, and
every released version still understood. A line each. Exit code 0 only when all hold.

  --fix  lets the formatter and the linter's safe fixes write first

Example: bun run check`;

const ROOT = join(import.meta.dir, "..", "..");
const TOOL_TIMEOUT_MS = 300_000;

interface Check {
  readonly name: string;
  /** Resolves with what does not hold; empty when all does. */
  readonly judge: () => Promise<readonly string[]>;
}

const checksOf = (registry: readonly Module[]): readonly Check[] => [
  { name: "types", judge: () => tool(["node_modules/typescript/bin/tsc", "-p", "."]) },
  {
    name: "lint and format",
    judge: () => tool(["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."]),
  },
  { name: "boundaries", judge: boundaries },
  { name: "migrations", judge: () => staleMigrations(ROOT) },
  { name: "log events", judge: logEvents },
  { name: "contracts", judge: () => staleContracts(ROOT, registry) },
];

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { fix } = flagsOf(args, { fix: "boolean" });
  if (fix) await tool(["node_modules/@biomejs/biome/bin/biome", "check", "--write", "."]);
  const checks = checksOf(registry);
  let failed = 0;
  for (const { name, judge } of checks) {
    const startMs = performance.now();
    const faults = await judge().catch((error: unknown) => [messageOf(error)]);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    if (faults.length > 0) failed += 1;
    console.log(`${faults.length === 0 ? "holds" : "FAILS"}  ${seconds.padStart(5)} s  ${name}`);
    for (const fault of faults) console.log(fault.replace(/^/gm, "    "));
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function boundaries(): Promise<readonly string[]> {
  const { judge, violationLine } = await import("../../tests/boundaries/rules.ts");
  const { readTree } = await import("../../tests/boundaries/tree.ts");
  return judge(await readTree(ROOT)).map(violationLine);
}

async function logEvents(): Promise<readonly string[]> {
  const { LIST, staleLogEvents } = await import("../../tests/boundaries/log-events.ts");
  const { readTree } = await import("../../tests/boundaries/tree.ts");
  const [{ files }, list] = await Promise.all([readTree(ROOT), Bun.file(join(ROOT, LIST)).text()]);
  return staleLogEvents(files, list);
}

/** Runs a tool of node_modules by its script, since no program of any name need be on the PATH. */
async function tool(argv: readonly string[]): Promise<readonly string[]> {
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TOOL_TIMEOUT_MS,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return (await child.exited) === 0 ? [] : [`${stdout}${stderr}`.trim().slice(-20_000) || `${argv[0]} failed`];
}
