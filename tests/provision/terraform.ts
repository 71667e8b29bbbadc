/**
 * Terraform as it is on this machine: its program, its licence and the AWS provider come from no package registry, so they are
 * installed by hand. Where a mirror of providers lies on this machine it is used; else Terraform asks its own registry.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import * as z from "zod";
import { MissingTool } from "./missing.ts";

/** `override_during` of mocks came with it. */
const LEAST_VERSION = "1.11.0";
const AWS_PROVIDER = "registry.terraform.io/hashicorp/aws";
/** Terraform's own places for a mirror, and those where machine images keep one. */
const MIRROR_PLACES = [
  join(homedir(), ".terraform.d"),
  "/usr/local/share/terraform",
  "/usr/share/terraform",
  "/usr/local/share",
  "/opt",
];

export interface Terraform {
  readonly program: string;
  readonly version: string;
  /** A directory with providers; null where Terraform's own registry is asked. */
  readonly mirror: string | null;
}

const said = z.looseObject({ terraform_version: z.string() });

/** The Terraform of this machine. Throws `MissingTool` where there is none, or one that is too old. */
export function findTerraform(): Terraform {
  const program = Bun.which("terraform");
  const hint = `install Terraform ${LEAST_VERSION} or newer (as its makers say; no package registry has it) so that \`terraform\` is in PATH, and run again`;
  if (program === null) throw new MissingTool("Terraform", hint);
  // A configuration of the user's that cannot be read is told before the version.
  const { stdout } = Bun.spawnSync([program, "version", "-json"], { env: { ...process.env, TF_CLI_CONFIG_FILE: "" } });
  const { terraform_version: version } = said.parse(JSON.parse(stdout.toString()));
  if (Bun.semver.order(version, LEAST_VERSION) < 0) throw new MissingTool(`Terraform ${LEAST_VERSION}`, hint);
  return { program, version, mirror: findMirror() };
}

/** Writes a configuration of Terraform's that heeds nothing of the user's; gives the environment that names it. */
export async function terraformEnvironment(
  { mirror }: Terraform,
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  const file = join(directory, "terraform.rc");
  const installation =
    mirror === null
      ? ""
      : `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
  await writeFile(file, `disable_checkpoint = true\n${installation}`);
  return { TF_CLI_CONFIG_FILE: file, TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };
}

function findMirror(): string | null {
  const given = process.env.TERRAFORM_MIRROR;
  if (given !== undefined && given !== "") {
    if (existsSync(join(given, AWS_PROVIDER))) return given;
    throw new MissingTool("the AWS provider", `TERRAFORM_MIRROR is ${given}, and there is no ${AWS_PROVIDER} in it`);
  }
  for (const place of MIRROR_PLACES) {
    if (!existsSync(place)) continue;
    // The mirror is the place itself, or a directory in it.
    if (existsSync(join(place, AWS_PROVIDER))) return place;
    for (const name of new Glob("*").scanSync({ cwd: place, onlyFiles: false }))
      if (existsSync(join(place, name, AWS_PROVIDER))) return join(place, name);
  }
  return null;
}
