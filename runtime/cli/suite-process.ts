/** Runs one suite in a process of its own and reads how its tests ended. */
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SuiteRun } from "./suites.ts";

export interface SuiteResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly minutes: number;
  /** What went wrong beside single tests: the process died, ran out of time, ran nothing. */
  readonly fault?: string;
  /** A line for each test that failed: where it stands, its name, the beginning of its error. */
  readonly failures?: readonly string[];
  /** What it printed, where that was kept. */
  readonly output?: string;
}

/** `shown` as it comes, or `kept` until the end, so that two suites at a time can be read one after the other. */
export type Output = "shown" | "kept";

const TEST_TIMEOUT_MS = 60_000;
const KILL_AFTER_MS = 15_000;
/** A line that pipelines still show whole. */
const FAILURE_LENGTH = 700;

/** Runs the suite. A process that fails without a failed test counts as one failure. */
export async function runSuite(
  root: string,
  run: SuiteRun,
  env: Readonly<Record<string, string | undefined>>,
  output: Output,
): Promise<SuiteResult> {
  const startMs = performance.now();
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-suite-"));
  try {
    const report = join(directory, "report.xml");
    const kept = join(directory, "output");
    const printed = output === "shown" ? undefined : await open(kept, "a");
    const child = Bun.spawn(
      [
        process.execPath,
        "test",
        `--timeout=${TEST_TIMEOUT_MS}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        // What a file provisions, its neighbours in the same process share.
        ...(run.workers === undefined ? [] : [`--parallel=${run.workers}`, "--no-isolate"]),
        ...run.files.map((path) => `./${path}`),
      ],
      {
        cwd: root,
        env: { ...process.env, ...withoutProxyHere(process.env), ...env },
        stdin: "ignore",
        stdout: printed?.fd ?? "inherit",
        stderr: printed?.fd ?? "inherit",
      },
    );
    let late = false;
    const softly = setTimeout(() => {
      late = true;
      child.kill("SIGTERM");
    }, run.timeoutMinutes * 60_000);
    const byForce = setTimeout(() => child.kill("SIGKILL"), run.timeoutMinutes * 60_000 + KILL_AFTER_MS);
    await child.exited;
    clearTimeout(softly);
    clearTimeout(byForce);
    await printed?.close();
    const text = await readFile(report, "utf8").catch(() => "");
    const counts = countsOf(text);
    const fault = late ? `stopped after ${run.timeoutMinutes} minutes` : faultOf(child.exitCode, counts);
    const failed = fault === undefined ? counts.failed : Math.max(1, counts.failed);
    return {
      ...counts,
      failed,
      name: run.name,
      minutes: (performance.now() - startMs) / 60_000,
      failures: failuresOf(text),
      ...(fault ? { fault } : {}),
      ...(output === "kept" ? { output: await readFile(kept, "utf8") } : {}),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What keeps the environment's proxy from being asked for servers of this machine: it has no way to them. */
export function withoutProxyHere(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const hosts = [env["NO_PROXY"] || env["no_proxy"] || [], "127.0.0.1", "localhost", "::1"].flat().join(",");
  return { NO_PROXY: hosts, no_proxy: hosts };
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function faultOf(exitCode: number | null, counts: Counts): string | undefined {
  if (counts.passed + counts.failed + counts.skipped === 0) return `no test ran (exit code ${exitCode})`;
  if (exitCode !== 0 && counts.failed === 0)
    return `bun test ended with code ${exitCode} though no test failed; see its output above`;
  return undefined;
}

/** Reads the totals of a JUnit report, which stand in its first `testsuites` element. */
export function countsOf(report: string): Counts {
  const head = /<testsuites\b[^>]*>/.exec(report)?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  const skipped = number("skipped");
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

/** Reads from a JUnit report which tests failed. */
export function failuresOf(report: string): string[] {
  const failed = /<testcase ([^>]*)>\s*<failure ([^>]*)>/g;
  return [...report.matchAll(failed)].map(([, test = "", failure = ""]) => {
    const [first = "", ...rest] = attributeOf(failure, "message").split("\n");
    // Of a comparison what differs, without the counts at its end.
    const differs = rest.filter((line) => /^([+-] (?!Expected|Received)|(Expected|Received): )/.test(line));
    const told = [first, ...differs.map((line) => line.replaceAll(/\s+/g, " "))].join(" | ");
    return `${attributeOf(test, "file")}: ${attributeOf(test, "name")}: ${told.slice(0, FAILURE_LENGTH)}`;
  });
}

const MEANT: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#10": "\n" };

function attributeOf(element: string, name: string): string {
  const text = new RegExp(`\\b${name}="([^"]*)"`).exec(element)?.[1] ?? "";
  return text.replaceAll(/&([a-z]+|#10);/g, (entity, key: string) => MEANT[key] ?? entity);
}
