/** Terraform's commands, on a staged copy. Each gives what it says; none throws because of what it judges. */
import { join } from "node:path";
import * as z from "zod";
import type { Terraform } from "../provision/terraform.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Staged } from "./staged.ts";

const TIMEOUT_MS = 600_000;

export interface TerraformRuns {
  /** Whether all files have Terraform's own format; which have not. */
  unformatted(directory: string): Promise<readonly string[]>;
  /** Makes a directory ready, without its backend. */
  init(directory: string): Promise<readonly string[]>;
  validate(directory: string): Promise<readonly string[]>;
  /** Runs the tests in `files` of tests/; `plans` has that of each run, where asked for. */
  test(staged: Staged, files: readonly string[], withPlans: boolean): Promise<Tested>;
  /** Any other command; `env` is added. */
  run(directory: string, words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Said>;
}

export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Tested {
  readonly passed: number;
  /** Names of assertions that do not hold. */
  readonly failed: readonly string[];
  /** What else went wrong, with where. */
  readonly errors: readonly string[];
  readonly plans: ReadonlyMap<string, Plan>;
}

/** Each line of `terraform test -json`; what is not read here is left. */
const event = z.looseObject({
  type: z.string(),
  "@testrun": z.string().optional(),
  test_run: z
    .looseObject({ run: z.string(), status: z.string().optional(), progress: z.string().optional() })
    .optional(),
  diagnostic: z
    .looseObject({
      severity: z.string(),
      summary: z.string(),
      detail: z.string().default(""),
      range: z.looseObject({ filename: z.string(), start: z.looseObject({ line: z.number() }) }).optional(),
    })
    .optional(),
  test_plan: z.unknown().optional(),
});

/** Runs of `terraform` with the given environment. */
export function terraformRuns({ program }: Terraform, environment: Readonly<Record<string, string>>): TerraformRuns {
  const run: TerraformRuns["run"] = async (directory, words, env = {}) => {
    const child = Bun.spawn([program, `-chdir=${directory}`, ...words], {
      env: { ...process.env, ...environment, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: TIMEOUT_MS,
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitCode, stdout, stderr };
  };
  const faultsOf = async (directory: string, words: readonly string[]): Promise<readonly string[]> => {
    const { exitCode, stdout, stderr } = await run(directory, [...words, "-no-color"]);
    return exitCode === 0 ? [] : [`terraform ${words.join(" ")}: exit code ${exitCode}`, `${stdout}${stderr}`.trim()];
  };
  return {
    run,
    async unformatted(directory) {
      const { exitCode, stdout, stderr } = await run(directory, ["fmt", "-check", "-recursive", "-no-color"]);
      return exitCode === 0 ? [] : `${stdout}${stderr}`.trim().split("\n");
    },
    init: (directory) => faultsOf(directory, ["init", "-backend=false", "-lockfile=readonly"]),
    validate: (directory) => faultsOf(directory, ["validate"]),
    async test({ infra }, files, withPlans) {
      const filters = files.map((file) => `-filter=${join("tests", file)}`);
      const said = await run(infra, ["test", "-json", ...(withPlans ? ["-verbose"] : []), ...filters]);
      return testedOf(said);
    },
  };
}

function testedOf({ exitCode, stdout, stderr }: Said): Tested {
  const failed: string[] = [];
  const errors: string[] = [];
  const plans = new Map<string, Plan>();
  let passed = 0;
  for (const line of stdout.split("\n")) {
    if (line === "") continue;
    const said = event.parse(JSON.parse(line));
    if (said.test_run?.progress === "complete" && said.test_run.status === "pass") passed += 1;
    if (said.type === "test_plan" && said["@testrun"] !== undefined)
      plans.set(said["@testrun"], planOf(said["@testrun"], said.test_plan));
    if (said.diagnostic?.severity !== "error") continue;
    const { summary, detail, range } = said.diagnostic;
    if (summary === "Test assertion failed") failed.push(detail);
    else errors.push(`${range?.filename ?? "?"}:${range?.start.line ?? 0}: ${summary}. ${detail}`);
  }
  if (exitCode !== 0 && failed.length === 0 && errors.length === 0)
    errors.push(`terraform test: exit code ${exitCode}: ${stderr.slice(-2_000)}`);
  return { passed, failed: [...new Set(failed)], errors: [...new Set(errors)], plans };
}
