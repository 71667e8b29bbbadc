/** Everything that is judged of a staged copy of infra/: by its own tests, by rules of every plan, by rights, by checkov. */
import type { Checkov } from "../provision/checkov.ts";
import { type Checked, runCheckov } from "./checkov.ts";
import type { Plan } from "./plan.ts";
import { PLAN_RULES, type Surroundings } from "./plan-rules.ts";
import { rightsOf } from "./rights.ts";
import type { Staged } from "./staged.ts";
import type { TerraformRuns, Tested } from "./terraform.ts";

/** The one that plans each environment as a whole. */
const ENVIRONMENTS = "environments.tftest.hcl";

export interface Judgement {
  readonly tested: Tested;
  readonly plans: readonly Plan[];
  readonly checked: Checked;
  /** By the name of the rule. */
  readonly ruleFaults: ReadonlyMap<string, readonly string[]>;
  readonly rightFaults: readonly string[];
  readonly rightsJudged: number;
}

export interface Judges {
  readonly terraform: TerraformRuns;
  readonly checkov: Checkov;
  /** Of infra/tests. */
  readonly testFiles: readonly string[];
  readonly surroundings: Surroundings;
}

/** Judges it; `staged` has been made ready (init). */
export async function judge(
  staged: Staged,
  { terraform, checkov, testFiles, surroundings }: Judges,
): Promise<Judgement> {
  const others = testFiles.filter((file) => file !== ENVIRONMENTS);
  // Plans are printed with all that the provider is, so only those that are needed.
  const [whole, parts, checked] = await Promise.all([
    terraform.test(staged, [ENVIRONMENTS], true),
    terraform.test(staged, others, false),
    runCheckov(checkov, staged.infra),
  ]);
  const plans = [...whole.plans.values()];
  const ruleFaults = new Map(
    PLAN_RULES.map(({ name, judge: judgeBy }) => [
      name,
      plans.flatMap((plan) => judgeBy(plan, surroundings).map((fault) => `${plan.environment}: ${fault}`)),
    ]),
  );
  const rights = plans.map((plan) => rightsOf(plan, surroundings.registry));
  return {
    tested: {
      passed: whole.passed + parts.passed,
      failed: [...whole.failed, ...parts.failed],
      errors: [...whole.errors, ...parts.errors],
      plans: whole.plans,
    },
    plans,
    checked,
    ruleFaults,
    rightFaults: rights.flatMap(({ faults }) => faults),
    rightsJudged: rights.reduce((sum, { judged }) => sum + judged, 0),
  };
}
