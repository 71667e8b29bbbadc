/**
 * Judges infra/ without AWS: by Terraform itself, on plans that mocks complete; by rules that hold of every plan; by what its
 * policies allow; by checkov. Then plants faults, which must all be found. In full, it is also applied to a server that
 * answers as AWS does, planned again and destroyed.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import type { Check, Checklist } from "../../runtime/cli/verify/checklist.ts";
import { messageOf } from "../../runtime/error-text.ts";
import { provisionCheckov } from "../provision/checkov.ts";
import { findTerraform, terraformEnvironment } from "../provision/terraform.ts";
import { billable } from "./billable.ts";
import { type Applied, verifyEmulated } from "./emulated/apply.ts";
import { type Judgement, type Judges, judge } from "./judgement.ts";
import type { Plan } from "./plan.ts";
import { PLAN_RULES, type Surroundings } from "./plan-rules.ts";
import { plantAll } from "./planted/rounds.ts";
import { readRegistry } from "./registry-file.ts";
import { readAssertions, rowsDocument } from "./rows.ts";
import { replaceOnce, stage } from "./staged.ts";
import { type TerraformRuns, terraformRuns } from "./terraform.ts";

/** What was looked at. */
export interface Judged {
  readonly resources: number;
  readonly assertions: number;
  readonly rights: number;
  readonly planted: number;
  readonly checkovPassed: number;
  /** To an emulated AWS; null where that was not asked for, or went wrong. */
  readonly applied: Applied | null;
}

export interface VerifyOptions {
  /** Applies it to an emulated AWS as well; minutes. */
  readonly full: boolean;
  /** Writes the document, instead of looking whether it is current. */
  readonly draw: boolean;
  /** Where Terraform and the AWS provider do not lie on this machine, does only what needs neither. */
  readonly onlyIfThere: boolean;
}

const ROOT = join(import.meta.dir, "..", "..");
const DOCUMENT = "docs/infrastructure.md";
const PLANNED = "infra/planned.json";
const ENVIRONMENTS = ["dev", "staging", "production"];

/** Runs every check; null where Terraform could not judge anything: a failure, unless it may be left out. */
export async function verifyInfra(
  { check, progress }: Checklist,
  { full, draw, onlyIfThere }: VerifyOptions,
): Promise<Judged | null> {
  const assertions = await readAssertions(ROOT);
  check("every part of the platform has assertions, each with a name of its own", assertions.faults);
  await checkDocument(
    check,
    rowsDocument(
      assertions,
      PLAN_RULES.map(({ name }) => name),
    ),
    draw,
  );
  const absent = onlyIfThere ? absentHere() : null;
  if (absent !== null) {
    progress(`LEFT OUT: all that Terraform judges, as ${absent}; then: bun run verify infra`);
    return null;
  }
  const directory = await mkdtemp(join(tmpdir(), "genai-demo-infra-"));
  try {
    const found = findTerraform();
    progress(`Terraform ${found.version}, providers from ${found.mirror ?? "Terraform's own registry"}`);
    const terraform = terraformRuns(found, await terraformEnvironment(found, directory));
    const judges: Judges = {
      terraform,
      checkov: await provisionCheckov(),
      testFiles: await testFiles(),
      surroundings: await readSurroundings(),
    };
    const staged = await stage(ROOT, join(directory, "staged"));
    check("every file has Terraform's format", await terraform.unformatted(staged.infra));
    if (!check("providers are as the lock files say", await initFaults(terraform, staged.infra))) return null;
    const invalid = await Promise.all(ENVIRONMENTS.map((name) => terraform.validate(join(staged.infra, name))));
    check(`${ENVIRONMENTS.join(", ")} are valid`, invalid.flat());
    const judgement = await judge(staged, judges);
    checkJudgement(check, judgement);
    await checkBill(check, judgement.plans, draw);
    const rounds = await plantAll(ROOT, directory, judges, full ? 2 : 1);
    const planted = rounds.reduce((sum, round) => sum + round.planted, 0);
    check(
      `${planted} planted faults are found, and nothing else is`,
      rounds.flatMap(({ faults }) => faults),
    );
    check(
      "a file that is not formatted, and an argument that is misspelled, are found",
      await blindness(terraform, directory),
    );
    const applied = full ? await verifyEmulated({ check, progress }, terraform, ROOT, directory) : null;
    return {
      applied,
      resources: judgement.plans.reduce((sum, { resources }) => sum + resources.length, 0),
      assertions: assertions.all.length,
      rights: judgement.rightsJudged,
      planted,
      checkovPassed: judgement.checked.passed,
    };
  } catch (error) {
    check("infra/ can be judged", [messageOf(error)]);
    return null;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Why Terraform cannot work here without its own registry; null where it can. */
function absentHere(): string | null {
  try {
    return findTerraform().mirror === null ? "no mirror of the AWS provider lies on this machine" : null;
  } catch (error) {
    return messageOf(error);
  }
}

function checkJudgement(
  check: Check,
  { tested, plans, ruleFaults, rightFaults, rightsJudged, checked }: Judgement,
): void {
  check(`${tested.passed} runs of infra/tests hold`, [...tested.errors, ...tested.failed]);
  const missing = ENVIRONMENTS.filter((name) => !plans.some(({ environment }) => environment === name));
  check(
    `${ENVIRONMENTS.join(", ")} are planned as a whole`,
    missing.map((name) => `there is no plan of ${name}`),
  );
  check(
    `each role may do what its modules declare and nothing of another one's: ${rightsJudged} requests`,
    rightFaults,
  );
  for (const [name, faults] of ruleFaults) check(name, faults);
  check("checkov finds nothing, and what it passes over has a reason", checked.faults);
}

async function checkDocument(check: Check, text: string, draw: boolean): Promise<void> {
  const file = join(ROOT, DOCUMENT);
  if (draw) await writeFile(file, text);
  const is = await readFile(file, "utf8").catch(() => "");
  check(`${DOCUMENT} names every assertion`, is === text ? [] : ["it is not current: bun run verify infra --draw"]);
}

/** What `cost` reckons with is what is planned. */
async function checkBill(check: Check, plans: readonly Plan[], draw: boolean): Promise<void> {
  const counted = await Promise.all(
    plans.map(async (plan) => {
      const root = await readFile(join(ROOT, "infra", plan.environment, "main.tf"), "utf8");
      return [plan.environment, billable(plan, root)] as const;
    }),
  );
  const text = `${JSON.stringify(Object.fromEntries(counted.map(([name, { quantities }]) => [name, quantities])), null, 2)}\n`;
  const file = join(ROOT, PLANNED);
  if (draw) await writeFile(file, text);
  const is = await readFile(file, "utf8").catch(() => "");
  check(`${PLANNED} counts what is planned and paid for`, [
    ...counted.flatMap(([, { faults }]) => faults),
    ...(is === text ? [] : ["it is not current: bun run verify infra --draw"]),
  ]);
}

/** Of the tests' own directory and of each environment, which share one lock. */
async function initFaults(terraform: TerraformRuns, infra: string): Promise<readonly string[]> {
  const directories = [infra, ...ENVIRONMENTS.map((name) => join(infra, name))];
  return (await Promise.all(directories.map((directory) => terraform.init(directory)))).flat();
}

async function readSurroundings(): Promise<Surroundings> {
  const text = (path: string) => readFile(join(ROOT, path), "utf8");
  const values = ENVIRONMENTS.map(
    async (name) => [name, await text(`k8s/overlays/${name}/values/values.yaml`)] as const,
  );
  const controllers = await Array.fromAsync(new Glob("*.yaml").scan({ cwd: join(ROOT, "k8s/bootstrap/values") }));
  return {
    registry: await readRegistry(ROOT),
    collector: await text("k8s/adot-collector/collector.yaml"),
    valuesOf: new Map(await Promise.all(values)),
    controllers: controllers.map((file) => file.replace(/\.yaml$/, "")),
  };
}

const testFiles = async (): Promise<readonly string[]> =>
  (await Array.fromAsync(new Glob("*.tftest.hcl").scan({ cwd: join(ROOT, "infra", "tests") }))).sort();

/** What fmt and validate are for, planted; what they did not find. */
async function blindness(terraform: TerraformRuns, directory: string): Promise<readonly string[]> {
  const staged = await stage(ROOT, join(directory, "misspelled"));
  await replaceOnce(staged, "infra/modules/key/main.tf", "enable_key_rotation     =", "enable_key_rotations =");
  const unformatted = await terraform.unformatted(staged.infra);
  const init = await terraform.init(join(staged.infra, "dev"));
  const invalid = await terraform.validate(join(staged.infra, "dev"));
  return [
    ...(unformatted.some((line) => line.endsWith("modules/key/main.tf"))
      ? []
      : ["fmt takes a file that has not its format"]),
    ...init,
    ...(invalid.some((line) => line.includes("enable_key_rotations"))
      ? []
      : ["validate takes an argument that there is not"]),
  ];
}
