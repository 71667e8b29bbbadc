/** `test`: provisions what the suites need, runs each in its own process and topology, and says how all of it ended. */
import { join } from "node:path";
import { provideOrSkip } from "../../tests/provision/missing.ts";
import type { Server, TopologyServers } from "../../tests/provision/topology-servers.ts";
import { messageOf } from "../error-text.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import { type Output, runSuite, type SuiteResult } from "./suite-process.ts";
import { orphanedTests, SUITES, type SuiteRun, selectRuns, sideBySide, TOPOLOGIES, type Topology } from "./suites.ts";

export const help = `Usage: genai-demo test [--topology NAME] [FILTER]

Runs every suite (${SUITES.map((suite) => suite.name).join(", ")}), journeys in every topology, and prints the matrix.
FILTER is a suite's name or a part of a test file's path. Plain \`bun test FILE -t NAME\` works for unit tests.

  --topology NAME  only what runs in this topology: ${TOPOLOGIES.join(", ")}

PostgreSQL 18, Redis and Kafka are downloaded once, or are the servers that DATABASE_URL, REDIS_URL and KAFKA_BROKERS
name. What cannot be had on this machine is skipped with a line that says how to get it; with CI=true that is a failure.

Example: bun run test --topology single journeys`;

const ROOT = join(import.meta.dir, "..", "..");

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseTestArgs(args);
  const runs = await selectRuns(ROOT, options);
  if (runs.length === 0) {
    console.error(
      `test: nothing matches ${options.filter ?? options.topology}; name a suite or a part of a test file's path`,
    );
    return 2;
  }
  const results: SuiteResult[] = [];
  const whole = options.filter === undefined && options.topology === undefined;
  for (const path of whole ? await orphanedTests(ROOT) : []) {
    results.push({
      name: path,
      passed: 0,
      failed: 1,
      skipped: 0,
      minutes: 0,
      fault: "belongs to no suite: move it, or add its folder to the suites",
    });
  }
  const { openTopologyServers } = await import("../../tests/provision/topology-servers.ts");
  const servers = openTopologyServers();
  try {
    for (const [first, ...others] of sideBySide(runs)) {
      if (first === undefined) continue;
      console.log(`\n── ${[first, ...others].map(({ name }) => name).join(", at the same time ")} ──`);
      const ended = await Promise.all([
        inItsTopology(first, servers, "shown"),
        ...others.map((other) => inItsTopology(other, servers, "kept")),
      ]);
      for (const { name, output } of ended) if (output !== undefined) console.log(`\n── ${name} ──\n${output}`);
      results.push(...ended);
    }
  } finally {
    await servers.stop();
  }
  return report(results);
}

function missing(one: SuiteRun): SuiteResult {
  return { name: one.name, passed: 0, failed: 1, skipped: 0, minutes: 0, fault: "has no test files" };
}

const NEEDS: Readonly<Record<Topology, readonly Server[]>> = {
  single: [],
  "single-pg": ["postgres", "redis"],
  split: ["postgres", "redis", "kafka"],
  pairs: ["postgres", "redis", "kafka"],
  replicas: ["postgres", "redis", "kafka"],
};
/** Nothing of them leaks into a topology that does without. */
const NO_SERVERS = { DATABASE_URL: undefined, REDIS_URL: undefined, KAFKA_BROKERS: undefined };

/** Gives the suite the servers of its topology. The embedded one is started by the platform itself. */
async function inItsTopology(one: SuiteRun, servers: TopologyServers, output: Output): Promise<SuiteResult> {
  const { topology } = one;
  if (one.files.length === 0) return missing(one);
  if (topology === undefined) return runSuite(ROOT, one, {}, output);
  try {
    const settings = await provideOrSkip(one.name, () => servers.settingsFor(NEEDS[topology]));
    if (settings === undefined) return { name: one.name, passed: 0, failed: 0, skipped: one.files.length, minutes: 0 };
    return await runSuite(ROOT, one, { GENAI_DEMO_TOPOLOGY: topology, ...NO_SERVERS, ...settings }, output);
  } catch (error) {
    return { name: one.name, passed: 0, failed: 1, skipped: 0, minutes: 0, fault: messageOf(error) };
  }
}

function report(results: readonly SuiteResult[]): number {
  const width = Math.max(...results.map((result) => result.name.length));
  console.log("\nsuite, minutes, tests");
  for (const { name, minutes, passed, failed, skipped, fault } of results) {
    const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} SKIPPED` : ""}`;
    console.log(
      `${name.padEnd(width)}  ${minutes.toFixed(1).padStart(5)} min  ${counts}${fault === undefined ? "" : `: ${fault}`}`,
    );
  }
  // Once more here, for the end is what is looked at first.
  for (const { name, failures = [] } of results)
    for (const failure of failures) console.log(`FAILED ${name}, ${failure}`);
  const sum = (read: (result: SuiteResult) => number) => results.reduce((total, result) => total + read(result), 0);
  const passed = sum((result) => result.passed);
  const skipped = sum((result) => result.skipped);
  // A test that was skipped in a pipeline has proved nothing there.
  const failed = sum((result) => result.failed) + (process.env.CI === "true" ? skipped : 0);
  console.log(
    `${passed} passed, ${failed} failed${skipped > 0 && process.env.CI !== "true" ? `, ${skipped} skipped` : ""}`,
  );
  return failed === 0 && passed > 0 ? 0 : 1;
}

interface TestOptions {
  readonly topology?: Topology;
  readonly filter?: string;
}

function parseTestArgs(args: readonly string[]): TestOptions {
  const { flags, words } = wordsAndFlagsOf(args, { topology: "string" });
  if (words.length > 1) throw new UsageError(`test: give one FILTER, not ${words.length}: ${words.join(" ")}`);
  const topology = TOPOLOGIES.find((name) => name === flags.topology);
  if (flags.topology !== undefined && topology === undefined)
    throw new UsageError(`test: there is no topology ${flags.topology}; there are ${TOPOLOGIES.join(", ")}`);
  const [filter] = words;
  return { ...(topology === undefined ? {} : { topology }), ...(filter === undefined ? {} : { filter }) };
}
