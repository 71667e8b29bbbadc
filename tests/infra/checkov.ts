/** What checkov finds in Terraform, and what it was told to pass over. */
import * as z from "zod";
import type { Checkov } from "../provision/checkov.ts";

const TIMEOUT_MS = 300_000;
/** It unfolds three environments; where it sees less it has not read what it was given. */
const LEAST_RESOURCES = 100;

const finding = z.looseObject({
  check_id: z.string(),
  check_name: z.string(),
  file_path: z.string(),
  resource: z.string(),
  check_result: z.looseObject({ suppress_comment: z.string().nullish() }),
});

const report = z.looseObject({
  results: z.looseObject({
    failed_checks: z.array(finding),
    skipped_checks: z.array(finding),
    parsing_errors: z.array(z.string()),
  }),
  summary: z.looseObject({ passed: z.number(), resource_count: z.number() }),
});

export interface Checked {
  readonly faults: readonly string[];
  /** Ids of checks that fail. */
  readonly ids: ReadonlySet<string>;
  readonly passed: number;
}

/** Judges the directory, but for Terraform's tests in it, which checkov cannot read. */
export async function runCheckov({ argv, env }: Checkov, directory: string): Promise<Checked> {
  const child = Bun.spawn(
    [
      ...argv,
      "-d",
      directory,
      "--framework",
      "terraform",
      "--skip-path",
      "tests",
      "--skip-download",
      "--compact",
      "-o",
      "json",
    ],
    { env: { ...process.env, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: TIMEOUT_MS },
  );
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const read = z
    .preprocess((given) => (given === "" ? undefined : JSON.parse(String(given))), report)
    .safeParse(stdout);
  if (!read.success)
    return { faults: [`checkov said nothing that can be read: ${stderr.slice(-1_000)}`], ids: new Set(), passed: 0 };
  const { results, summary } = read.data;
  const faults = [
    ...results.failed_checks.map(
      ({ check_id, check_name, file_path, resource }) => `${check_id} ${file_path} ${resource}: ${check_name}`,
    ),
    ...results.parsing_errors.map((file) => `checkov cannot read ${file}`),
    ...results.skipped_checks.flatMap(({ check_id, file_path, check_result }) =>
      (check_result.suppress_comment ?? "").trim().length > 10
        ? []
        : [`${check_id} is passed over in ${file_path} without a reason`],
    ),
    ...(summary.resource_count < LEAST_RESOURCES
      ? [`checkov saw ${summary.resource_count} resources, which are not all`]
      : []),
  ];
  return { faults, ids: new Set(results.failed_checks.map(({ check_id }) => check_id)), passed: summary.passed };
}
