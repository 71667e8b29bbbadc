/**
 * Runs schemathesis against a platform and reads its report: every request that was sent, and every check that failed.
 *
 * It is run in passes, each with the token of one role and a seed, and each as long as it may take: what it does before
 * its random phases, the document's examples and the edges of every schema, is the same for a seed.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { withoutProxyHere } from "../../runtime/cli/suite-process.ts";
import type { Schemathesis } from "../provision/schemathesis.ts";
import { curlOf, type Finding, type FindingKind } from "./finding.ts";
import { isUnsayable } from "./unsayable.ts";

export interface PassOptions {
  readonly tool: Schemathesis;
  readonly url: string;
  readonly token: string;
  readonly role: "customer" | "operator";
  readonly seed: number;
  readonly seconds: number;
}

export interface PassReport {
  readonly requests: number;
  readonly findings: readonly Finding[];
}

/** More of them gain nothing in one interpreter, and on 3.11 now and then make its parser fail. */
const WORKERS = 1;
/** Of an operation, in one go; it begins anew until its time is spent. */
const EXAMPLES = 30;
/** It ends what it is at. */
const GRACE_MS = 60_000;

/** One pass. Throws with the tool's own words when it could not run. */
export async function runPass(options: PassOptions): Promise<PassReport> {
  const { tool, url, token, role, seed, seconds } = options;
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-fuzz-"));
  try {
    const child = Bun.spawn(
      [
        ...tool.argv,
        `--config-file=${join(import.meta.dir, "schemathesis.toml")}`,
        "run",
        `${url}/openapi.json`,
        `--header=Authorization: Bearer ${token}`,
        `--max-time=${seconds}`,
        `--max-examples=${EXAMPLES}`,
        `--seed=${seed}`,
        `--workers=${WORKERS}`,
        "--checks=all",
        "--no-color",
        "--report=ndjson",
        `--report-dir=${directory}`,
      ],
      {
        // It looks for its files in the working directory, and keeps some there.
        cwd: directory,
        env: { ...process.env, ...withoutProxyHere(process.env), ...tool.env },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: seconds * 1000 + GRACE_MS,
      },
    );
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const file = (await readdir(directory)).find((name) => name.endsWith(".ndjson"));
    // 1 says that checks have failed.
    if (file === undefined || (code !== 0 && code !== 1))
      throw new Error(`schemathesis ended with code ${code}:\n${`${stdout}${stderr}`.slice(-2000)}`);
    return await readReport(Bun.file(join(directory, file)), { role, seed });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const bytes = z.looseObject({ $base64: z.string() });
const interaction = z.looseObject({
  request: z.looseObject({
    method: z.string(),
    uri: z.string(),
    headers: z.record(z.string(), z.array(z.string())),
    body: bytes.nullish(),
  }),
  response: z.looseObject({ status_code: z.number(), content: bytes.nullish() }).nullish(),
});
const check = z.looseObject({
  name: z.string(),
  status: z.string(),
  failure_info: z
    .looseObject({ failure: z.looseObject({ title: z.string(), message: z.string(), operation: z.string() }) })
    .nullish(),
});
const eventSchema = z.looseObject({
  ScenarioFinished: z
    .looseObject({
      recorder: z.looseObject({
        label: z.string(),
        checks: z.record(z.string(), z.array(check)).default({}),
        interactions: z.record(z.string(), interaction).default({}),
      }),
    })
    .optional(),
  NonFatalError: z.looseObject({ label: z.string() }).optional(),
  FatalError: z.looseObject({}).optional(),
});
const problemSchema = z.looseObject({ errors: z.array(z.looseObject({ field: z.string() })).default([]) });

type Check = z.infer<typeof check>;
type Interaction = z.infer<typeof interaction>;

const KINDS: Readonly<Record<string, FindingKind>> = {
  not_a_server_error: "server-error",
  status_code_conformance: "undocumented",
  content_type_conformance: "undocumented",
  response_schema_conformance: "schema",
  response_headers_conformance: "schema",
};

/** Counts the requests of a report, and reads what failed, without what no schema can say. */
export async function readReport(file: Blob, { role, seed }: Pick<PassOptions, "role" | "seed">): Promise<PassReport> {
  let requests = 0;
  const findings: Finding[] = [];
  for (const line of (await file.text()).split("\n")) {
    if (line.trim() === "") continue;
    const { ScenarioFinished, NonFatalError, FatalError } = eventSchema.parse(JSON.parse(line));
    if (FatalError) throw new Error(`schemathesis gave up: ${line.slice(0, 2000)}`);
    if (NonFatalError)
      findings.push({ kind: "unfinished", operation: NonFatalError.label, detail: line.slice(0, 500) });
    const { checks = {}, interactions = {}, label = "" } = ScenarioFinished?.recorder ?? {};
    requests += Object.keys(interactions).length;
    for (const [id, all] of Object.entries(checks))
      for (const each of all) {
        const sent = interactions[id];
        if (each.status !== "failure" || sent === undefined) continue;
        const finding = findingOf(each, sent, label);
        if (finding !== null)
          findings.push({ ...finding, curl: `${finding.curl} # as ${role}, pass with seed ${seed}` });
      }
  }
  return { requests, findings };
}

function findingOf({ name, failure_info }: Check, sent: Interaction, label: string): Finding | null {
  const failure = failure_info?.failure;
  const operation = failure?.operation ?? label;
  const status = sent.response?.status_code;
  const fields = fieldsOf(sent);
  if (name === "positive_data_acceptance" && status === 400 && isUnsayable(operation, fields)) return null;
  const { method, uri, headers, body } = sent.request;
  return {
    kind: KINDS[name] ?? "promise",
    operation,
    detail: [name, status ?? "no answer", failure?.title ?? "", fields.join(" ")]
      .filter((each) => each !== "")
      .join(", "),
    curl: curlOf({
      method,
      url: uri,
      headers: Object.fromEntries(Object.entries(headers).map(([header, values]) => [header, values.join(", ")])),
      ...(body ? { body: decoded(body.$base64) } : {}),
    }),
  };
}

/** The fields that a problem names. */
function fieldsOf({ response }: Interaction): string[] {
  if (!response?.content) return [];
  try {
    const content: unknown = JSON.parse(decoded(response.content.$base64));
    return problemSchema.safeParse(content).data?.errors.map(({ field }) => field) ?? [];
  } catch {
    return [];
  }
}

const decoded = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
