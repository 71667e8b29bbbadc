/** Which workloads the modules make up in a cluster, and who speaks with whom there: what k8s/shapes is written from. */
import type { ModuleFacts } from "../module.ts";
import { callersOf, collectionsOf, EDGE, EDGE_HOST } from "../registry.ts";
import type { RpcMethodName } from "../rpc/port.ts";

/** A deployment of some of the modules. */
export interface Workload {
  readonly name: string;
  readonly modules: readonly string[];
  readonly hasEdge: boolean;
  /** What the load balancer sends it; the workload with the edge gets everything else as well. */
  readonly paths: readonly string[];
  /** Workloads whose internal port it calls. One with the edge calls its own replicas, to tell of each. */
  readonly asks: readonly string[];
}

/** The whole platform as one list of workloads. */
export interface Shape {
  readonly transport: "inprocess" | "kafka";
  readonly workloads: readonly Workload[];
  /**
   * `max_connections` of a PostgreSQL: of each module's own, or of the one that all modules share where they run in one
   * process. Terraform sets it; `verify k8s` holds against it what the pods of both colours may open.
   */
  readonly maxConnections: number;
}

const OWN_SERVER_CONNECTIONS = 300;
const SHARED_SERVER_CONNECTIONS = 700;

/** What a workload is called that runs everything. */
const WHOLE = "platform";

/** Every shape by its name: a workload a module, one of two modules each, and one of all. */
export function shapesOf(
  modules: readonly ModuleFacts[],
  edgeAsks: readonly RpcMethodName[],
): Readonly<Record<string, Shape>> {
  const each = modules.map((module) => [module]);
  const pairs = each.flatMap((_, index) => (index % 2 === 0 ? [modules.slice(index, index + 2)] : []));
  return {
    modules: shapeOf(each, modules, edgeAsks),
    pairs: shapeOf(pairs, modules, edgeAsks),
    [WHOLE]: shapeOf([modules], modules, edgeAsks),
  };
}

function shapeOf(
  groups: readonly (readonly ModuleFacts[])[],
  modules: readonly ModuleFacts[],
  edgeAsks: readonly RpcMethodName[],
): Shape {
  const isWhole = groups.length === 1;
  const named = groups.map((group) => {
    const names = group.map(({ name }) => name);
    return { name: isWhole ? WHOLE : names.join("-"), group, names, hasEdge: names.includes(EDGE_HOST) };
  });
  const calls = [...callersOf(modules, edgeAsks)].flatMap(([method, callers]) =>
    callers.map((caller) => ({ caller, callee: method.split(".")[0] ?? "" })),
  );
  const workloads = named.map(({ name, group, names, hasEdge }) => {
    const speaksFor = [...names, ...(hasEdge ? [EDGE] : [])];
    const callees = new Set(calls.flatMap(({ caller, callee }) => (speaksFor.includes(caller) ? [callee] : [])));
    const asks = named.filter((other) => (other.name === name ? hasEdge : other.names.some((one) => callees.has(one))));
    return {
      name,
      modules: names,
      hasEdge,
      paths: group.flatMap((module) => collectionsOf(module).map((collection) => `/api/v1/${collection}`)),
      asks: asks.map((other) => other.name),
    };
  });
  return {
    transport: isWhole ? "inprocess" : "kafka",
    maxConnections: isWhole ? SHARED_SERVER_CONNECTIONS : OWN_SERVER_CONNECTIONS,
    workloads,
  };
}
