/**
 * Applies modules of infra/ to an emulated AWS, plans again, which must show no difference, and destroys what was made. It shows
 * graph, order and that arguments are taken, not how AWS behaves.
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Checklist } from "../../../runtime/cli/verify/checklist.ts";
import { startMoto } from "../../aws/moto-server.ts";
import { provisionMoto } from "../../provision/moto.ts";
import { stage } from "../staged.ts";
import type { Said, TerraformRuns } from "../terraform.ts";
import { FORGOTTEN, TARGETS } from "./targets.ts";

export interface Applied {
  readonly resources: number;
  readonly applySeconds: number;
  readonly destroySeconds: number;
}

type Run = (...words: readonly string[]) => Promise<Said>;

/** Fewer would be a graph that was cut off. */
const LEAST_RESOURCES = 150;

/** The server answers several requests at once, and stumbles over that now and then: the more of them, the sooner. */
const PARALLEL = "-parallelism=6";
const ATTEMPTS = 2;

/** Gives what was applied, or null where it was not. */
export async function verifyEmulated(
  { check, progress }: Pick<Checklist, "check" | "progress">,
  terraform: TerraformRuns,
  checkout: string,
  directory: string,
): Promise<Applied | null> {
  for (let attempt = 1; ; attempt++) {
    const { infra } = await stage(checkout, join(directory, `emulated-${attempt}`));
    const root = join(infra, "emulated");
    await cp(join(import.meta.dir, "main.tf"), join(root, "main.tf"));
    await cp(join(infra, "dev", ".terraform.lock.hcl"), join(root, ".terraform.lock.hcl"));
    const unready = await terraform.init(root);
    if (unready.length > 0) {
      check("the modules that an emulated AWS takes are wired", unready);
      return null;
    }
    progress("applying to an emulated AWS, some minutes …");
    const outcome = await applyOnce(terraform, root);
    if ("refusal" in outcome && attempt < ATTEMPTS) {
      // What is really wrong is wrong on a new server as well.
      progress(`it stumbled, so once more on a new one: ${outcome.refusal.slice(-1_500)}`);
      continue;
    }
    if ("refusal" in outcome) {
      check("an emulated AWS takes what can be applied to it", [outcome.refusal]);
      return null;
    }
    const { resources, differences, left } = outcome;
    check(
      `an emulated AWS takes ${resources} resources`,
      resources < LEAST_RESOURCES ? [`fewer than ${LEAST_RESOURCES}`] : [],
    );
    check("planned again there is no difference", differences);
    check("it is destroyed, and nothing is left", left);
    return outcome;
  }
}

type Outcome =
  | { readonly refusal: string }
  | (Applied & { readonly differences: readonly string[]; readonly left: readonly string[] });

/** On a server of its own, which is gone afterwards with all that it was told. */
async function applyOnce(terraform: TerraformRuns, root: string): Promise<Outcome> {
  const moto = await provisionMoto();
  // Without it the server knows no policy of AWS's own.
  const aws = await startMoto({ ...moto, env: { ...moto.env, MOTO_IAM_LOAD_MANAGED_POLICIES: "true" } });
  try {
    const run: Run = (...words) => terraform.run(root, [...words, "-no-color"], { AWS_ENDPOINT_URL: aws.url });
    const targets = TARGETS.map((target) => `-target=${target}`);
    const [applied, applySeconds] = await timed(() => run("apply", "-auto-approve", PARALLEL, ...targets));
    if (applied.exitCode !== 0) return { refusal: faultsOf("apply", applied).join("\n") };
    const resources = Number(/Apply complete! Resources: (\d+) added/.exec(applied.stdout)?.[1] ?? 0);
    const differences = await differencesOf(run, targets);
    const [destroyed, destroySeconds] = await timed(() => run("destroy", "-auto-approve", PARALLEL));
    const listed = (await run("state", "list")).stdout.trim();
    const left = [...faultsOf("destroy", destroyed), ...(listed === "" ? [] : listed.split("\n"))];
    return { resources, differences, left, applySeconds, destroySeconds };
  } finally {
    await aws.stop();
  }
}

const shown = z.looseObject({
  resource_changes: z.array(
    z.looseObject({
      address: z.string(),
      type: z.string(),
      change: z.looseObject({
        actions: z.array(z.string()),
        before: z.record(z.string(), z.unknown()).nullable(),
        after: z.record(z.string(), z.unknown()).nullable(),
      }),
    }),
  ),
});

/** What would be changed, but for what the server forgets. */
async function differencesOf(run: Run, targets: readonly string[]): Promise<readonly string[]> {
  const planned = await run("plan", "-out=again.plan", ...targets);
  if (planned.exitCode !== 0) return faultsOf("plan", planned);
  const said = await run("show", "-json", "again.plan");
  return shown.parse(JSON.parse(said.stdout)).resource_changes.flatMap(({ address, type, change }) => {
    const { actions, before, after } = change;
    if (actions.every((action) => action === "no-op" || action === "read")) return [];
    if (actions.join() !== "update") return [`${address}: ${actions.join(", ")}`];
    const changed = Object.keys(after ?? {}).filter((name) => !Bun.deepEquals(before?.[name], after?.[name]));
    const remembered = changed.filter((name) => !(FORGOTTEN[type] ?? []).includes(name));
    return remembered.length === 0 ? [] : [`${address}: ${remembered.join(", ")}`];
  });
}

const faultsOf = (command: string, { exitCode, stdout, stderr }: Said): readonly string[] =>
  exitCode === 0 ? [] : [`terraform ${command}: exit code ${exitCode}`, `${stdout}\n${stderr}`.slice(-4_000)];

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedMs = performance.now();
  const done = await work();
  return [done, (performance.now() - startedMs) / 1000];
}
