/** What Terraform would make of an environment, as its tests plan it with mocks in the place of AWS. */
import * as z from "zod";

export interface PlannedResource {
  /** Such as module.platform.module.network.aws_vpc.this. */
  readonly address: string;
  readonly type: string;
  /** What is known of it; mocks know what AWS would give. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Plan {
  readonly environment: string;
  readonly resources: readonly PlannedResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

const record = z.record(z.string(), z.unknown());
const planned = z.looseObject({
  resource_changes: z.array(
    z.looseObject({
      address: z.string(),
      mode: z.string(),
      type: z.string(),
      change: z.looseObject({ after: record.nullable() }),
    }),
  ),
  output_changes: z.record(z.string(), z.looseObject({ after: z.unknown() })).default({}),
});

/** Reads a plan as Terraform's machine-readable output has it. */
export function planOf(environment: string, document: unknown): Plan {
  const { resource_changes, output_changes } = planned.parse(document);
  return {
    environment,
    resources: resource_changes.flatMap(({ address, mode, type, change }) =>
      mode === "managed" ? [{ address, type, values: change.after ?? {} }] : [],
    ),
    outputs: Object.fromEntries(Object.entries(output_changes).map(([name, { after }]) => [name, after])),
  };
}

/** Its resources of one type. */
export const ofType = (plan: Plan, type: string): readonly PlannedResource[] =>
  plan.resources.filter((resource) => resource.type === type);

/** A value that must be a text. Throws, with the resource's address, where it is none. */
export function textOf({ address, values }: PlannedResource, name: string): string {
  const value = values[name];
  if (typeof value !== "string") throw new Error(`${address}: ${name} is not known in the plan`);
  return value;
}
