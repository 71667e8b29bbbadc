/** The buildspecs of the pipeline, as CodeBuild reads them: their commands in order, and what can be said of them unrun. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import * as z from "zod";

export const STEPS = ["test", "image", "deploy"] as const;
export type Step = (typeof STEPS)[number];

const phase = z.strictObject({
  "on-failure": z.literal("ABORT").optional(),
  "runtime-versions": z.record(z.string(), z.string()).optional(),
  commands: z.array(z.string()).min(1),
});
const buildspec = z.strictObject({
  version: z.literal(0.2),
  env: z.strictObject({ shell: z.literal("bash") }),
  phases: z.strictObject({
    install: phase.optional(),
    pre_build: phase.optional(),
    build: phase,
    post_build: phase.optional(),
  }),
  artifacts: z.strictObject({ files: z.array(z.string()).min(1) }).optional(),
});
export type Buildspec = z.infer<typeof buildspec>;

export const ROOT = join(import.meta.dir, "..", "..");

/** Reads one. Throws where it is not what CodeBuild takes. */
export async function readBuildspec(step: Step): Promise<Buildspec> {
  return buildspec.parse(YAML.parse(await Bun.file(join(ROOT, "infra", "pipeline", `${step}.yaml`)).text()));
}

/** In the order in which they run. */
export const commandsOf = ({ phases: { install, pre_build, build, post_build } }: Buildspec): readonly string[] =>
  [install, pre_build, build, post_build].flatMap((each) => each?.commands ?? []);

/** What builds find in their environment: CodeBuild gives these, and `CODEBUILD_SRC_DIR_<artifact>` for further inputs. */
const GIVEN_BY_CODEBUILD = [
  "CODEBUILD_RESOLVED_SOURCE_VERSION",
  "CODEBUILD_BUILD_NUMBER",
  "CODEBUILD_BUILD_SUCCEEDING",
];
/** What the build images have; kustomize is installed by the step that uses it. */
const PROGRAMS = ["aws", "bash", "cat", "date", "docker", "go", "kubectl", "kustomize", "npx", "set", "test"];

/** What Terraform gives each build, from the text of its module. */
export function environmentIn(terraform: string): readonly string[] {
  const [, block = ""] = /environment_variable" \{\s+for_each = \{([^}]+)\}/.exec(terraform) ?? [];
  return [...block.matchAll(/^\s+([A-Z_]+)\s+=/gm)].map(([, name = ""]) => name);
}

export interface Surroundings {
  /** By Terraform. */
  readonly environment: readonly string[];
  /** Names of artifacts that the step has beside its source. */
  readonly inputs: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
}

/** What is wrong with a step's commands, by what stands in them. */
export function faultsOf(spec: Buildspec, { environment, inputs, scripts }: Surroundings): readonly string[] {
  const given = [...environment, ...GIVEN_BY_CODEBUILD, ...inputs.map((name) => `CODEBUILD_SRC_DIR_${name}`)];
  return commandsOf(spec).flatMap((command) => {
    const syntax = Bun.spawnSync(["bash", "-n", "-c", command], { stderr: "pipe" });
    const named = [...command.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = ""]) => name);
    const programs = command
      .split(/\||;|\$\((?!\()/)
      .flatMap((part) => /^\s*(?:[A-Z]+=\S+ )*([\w./-]+)/.exec(part)?.[1] ?? []);
    // By bash: whether a source that comes as a zip keeps the right to execute is not to be relied upon.
    const files = [...command.matchAll(/\bbash (\S+)/g)].map(([, file = ""]) => file);
    const unknown = [
      ...programs.filter((program) => !PROGRAMS.includes(program)),
      ...files.filter((file) => !existsSync(join(ROOT, file))),
    ];
    const missing = [...command.matchAll(/bun@\S+ run (\S+)/g)].filter(([, script = ""]) => !(script in scripts));
    return [
      ...(syntax.exitCode === 0 ? [] : [syntax.stderr.toString().trim()]),
      ...named.filter((name) => !given.includes(name)).map((name) => `${name} is given by nobody: ${command}`),
      ...unknown.map((program) => `there is no ${program}: ${command}`),
      ...missing.map(([, script]) => `there is no bun run ${script}: ${command}`),
      ...(/[^|]\|[^|]/.test(command) && !command.startsWith("set -o pipefail; ")
        ? [`what fails before the pipe goes unnoticed: ${command}`]
        : []),
    ];
  });
}
