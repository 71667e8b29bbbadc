/**
 * Plants faults in copies of infra/ and looks whether each is found by what it is meant to be found by. Many at once, so that
 * it stays cheap: of a round, exactly those assertions must fail that its faults name. In two rounds, each with every other
 * fault, an assertion is also seen to hold where its fault is not planted.
 */
import { join } from "node:path";
import { type Judgement, type Judges, judge } from "../judgement.ts";
import { replaceOnce, stage } from "../staged.ts";
import { PLANTED } from "./all.ts";
import type { PlantedFault } from "./fault.ts";

export interface Round {
  readonly planted: number;
  readonly faults: readonly string[];
}

/** Plants all of them in `rounds` copies of `checkout`, in directories under `directory`. */
export async function plantAll(
  checkout: string,
  directory: string,
  judges: Judges,
  rounds: number,
): Promise<readonly Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const faults = PLANTED.filter((_, index) => index % rounds === round);
    done.push(await plant(checkout, join(directory, `planted-${round}`), judges, faults));
  }
  return done;
}

async function plant(
  checkout: string,
  directory: string,
  judges: Judges,
  planted: readonly PlantedFault[],
): Promise<Round> {
  const staged = await stage(checkout, directory);
  for (const { file, changes } of planted)
    for (const [from, to] of changes) await replaceOnce(staged, join("infra", file), from, to);
  const faults = await judges.terraform.init(staged.infra);
  if (faults.length > 0) return { planted: planted.length, faults };
  const judgement = await judge(staged, judges);
  const expected = new Set(planted.flatMap(({ found }) => found.assertions ?? []));
  return {
    planted: planted.length,
    faults: [
      ...judgement.tested.errors.map((error) => `the planted copy cannot be judged: ${error}`),
      ...planted.flatMap((fault) => missed(fault, judgement).map((by) => `${fault.what} (${fault.file}): ${by}`)),
      ...judgement.tested.failed
        .filter((assertion) => !expected.has(assertion))
        .map((assertion) => `nobody planted what makes this fail: ${assertion}`),
    ],
  };
}

function missed({ found }: PlantedFault, { tested, ruleFaults, rightFaults, checked }: Judgement): readonly string[] {
  const { assertions = [], rule, right, checkov } = found;
  const ofRule = [...ruleFaults].find(([name]) => rule !== undefined && name.startsWith(rule));
  return [
    ...assertions.filter((name) => !tested.failed.includes(name)).map((name) => `this assertion still holds: ${name}`),
    ...(rule !== undefined && (ofRule?.[1] ?? []).length === 0 ? [`this rule still holds: ${rule}`] : []),
    ...(right !== undefined && !rightFaults.some((line) => line.includes(right)) ? [`no role ${right}`] : []),
    ...(checkov !== undefined && !checked.ids.has(checkov) ? [`checkov does not say ${checkov}`] : []),
  ];
}
