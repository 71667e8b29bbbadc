/**
 * What runs where, as far as it can be told now. This process speaks for itself; the others are looked for where the
 * modules' calls go, and each that is found is asked. Whoever does not answer is named with the reason, and hides none
 * of the others; all are asked at the same time, so the answer comes within one deadline.
 */
import * as z from "zod";
import { type Instance, instanceRpc, instanceSchema } from "../instance.ts";
import type { Replica, Replicas } from "../rpc/replicas.ts";
import { askReplicas } from "./ask-replicas.ts";

export interface TopologyDeps {
  /** Names of all modules of the platform. */
  readonly modules: readonly string[];
  /** What this process says of itself. */
  readonly self: () => Instance;
  /** Finds the other processes; absent where there can be none. */
  readonly replicas: Replicas | undefined;
}

const address = z.string().meta({ example: "http://10.0.3.17:8081" });
const answeredSchema = z.strictObject({
  answered: z.literal(true),
  here: z.boolean().describe("It is the process that answers this request."),
  address: address.optional().describe("Left out where the process that answers is at no address that others use."),
  ...instanceSchema.shape,
});
const silentSchema = z.strictObject({
  answered: z.literal(false),
  here: z.literal(false),
  address,
  problem: z.string(),
});
export const moduleTopologySchema = z.strictObject({
  name: z.string(),
  ready: z.boolean().describe("At least one of its processes takes requests."),
  instances: z.array(z.discriminatedUnion("answered", [answeredSchema, silentSchema])),
});
export const problemsSchema = z.array(
  z.strictObject({ module: z.string(), address: address.optional(), problem: z.string() }),
);
type ModuleTopology = z.infer<typeof moduleTopologySchema>;
type InstanceTopology = ModuleTopology["instances"][number];
type Problem = z.infer<typeof problemsSchema>[number];

/** Looks at all modules. Never rejects because of a process that is away. */
export async function lookAround({ modules, self, replicas }: TopologyDeps) {
  const own = self();

  async function look(name: string): Promise<{ module: ModuleTopology; problems: Problem[] }> {
    const runsHere = own.modules.includes(name);
    const { found, problem } = await askReplicas(replicas, instanceRpc(name), {}, runsHere);
    const problems: Problem[] = problem === null ? [] : [{ module: name, problem }];
    const isSelf = (each: Replica<Instance>) => "answer" in each && each.answer.id === own.id;
    const here = runsHere ? [shownSelf(own, found.find(isSelf)?.address)] : [];
    const instances = [...here, ...found.filter((each) => !isSelf(each)).map(shown)];
    if (instances.length === 0 && problems.length === 0)
      problems.push({ module: name, problem: "no process that runs it is known" });
    problems.push(...instances.flatMap((each) => problemsOf(name, each)));
    const ready = instances.some((each) => each.answered && each.ready);
    return { module: { name, ready, instances }, problems };
  }

  const looks = await Promise.all(modules.map(look));
  const problems = looks.flatMap((each) => each.problems);
  return { modules: looks.map(({ module }) => module), problems };
}

const shownSelf = (own: Instance, address: string | undefined): InstanceTopology => ({
  answered: true,
  here: true,
  ...(address !== undefined && { address }),
  ...own,
});

const shown = (replica: Replica<Instance>): InstanceTopology =>
  "answer" in replica
    ? { answered: true, here: false, address: replica.address, ...replica.answer }
    : { answered: false, here: false, address: replica.address, problem: replica.problem };

function problemsOf(module: string, instance: InstanceTopology): Problem[] {
  const at = { module, ...(instance.address !== undefined && { address: instance.address }) };
  if (!instance.answered) return [{ ...at, problem: instance.problem }];
  const parts = instance.parts.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name} ${problem}`]));
  return parts.length === 0
    ? []
    : [{ ...at, problem: `${instance.ready ? "impaired" : "not ready"}: ${parts.join("; ")}` }];
}
