/** What follows from the modules' declarations taken together: topics, who may ask whom, which paths are whose. */
import { scopeOf } from "./http/rights.ts";
import { faultsOfRights } from "./http/rights-faults.ts";
import { instanceRpc } from "./instance.ts";
import { auditRpc } from "./messages/audit-rpc.ts";
import type { Topic } from "./messages/contract.ts";
import { deadLetterRpc } from "./messages/dead-letter-rpc.ts";
import { waitingRpc } from "./messages/waiting-work.ts";
import type { ModuleFacts } from "./module.ts";
import { methodName, type RpcMethodName } from "./rpc/port.ts";
import { StartError } from "./start-error.ts";
import { tracesRpc } from "./traces-rpc.ts";

/** Who asks besides the modules: what belongs to none of them. */
export const EDGE = "edge";

/** The module beside which the edge runs unless a process is told otherwise. */
export const EDGE_HOST = "order";

/** What the edge itself answers below the API's prefix. */
const EDGE_COLLECTION = "ops";

/** Every topic of the platform, ordered by name. */
export function topicsOf(modules: readonly ModuleFacts[]): readonly Topic[] {
  const all = modules.flatMap(({ topics }) => [...topics.sends, ...topics.subscribes]);
  return [...new Map(all.map((topic) => [topic.name, topic])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By method, `module.name`: the modules that may ask it, and `edge`. Methods that are not in it are served by nobody. */
export function callersOf(
  modules: readonly ModuleFacts[],
  edgeAsks: readonly RpcMethodName[],
): ReadonlyMap<string, readonly string[]> {
  const byThemselves = modules.flatMap(({ name }) => [
    ...Object.values(deadLetterRpc(name)),
    ...Object.values(auditRpc(name)),
    waitingRpc(name),
    instanceRpc(name),
    tracesRpc(name),
  ]);
  const served = [...modules.flatMap(({ serves }) => serves), ...byThemselves];
  const callers = new Map<string, string[]>(served.map((method) => [methodName(method), []]));
  const asks = [
    ...modules.flatMap(({ name, asks }) => asks.map((method) => [name, method] as const)),
    ...edgeAsks.map((method) => [EDGE, method] as const),
    ...byThemselves.map((method) => [EDGE, method] as const),
  ];
  for (const [caller, method] of asks) {
    const known = callers.get(methodName(method));
    if (!known)
      throw new StartError(`${caller} asks ${methodName(method)}, which no module serves: correct its declaration`);
    known.push(caller);
  }
  return callers;
}

/** A ServiceAccount for each module, named like it. One of them speaks for the edge as well. */
export const accountPerModule = (modules: readonly string[]): ReadonlyMap<string, readonly string[]> =>
  new Map(modules.map((name) => [name, name === EDGE_HOST ? [name, EDGE] : [name]]));

/** The first segments below the API's prefix that each module answers: what a load balancer routes by. */
export function collectionsOf({ routes }: Pick<ModuleFacts, "routes">): readonly string[] {
  const found = routes.flatMap(({ spec }) => /^\/api\/v1\/([^/{]+)/.exec(spec.path)?.[1] ?? []);
  return [...new Set(found)].sort();
}

/** Refuses declarations that contradict each other, with one line that names all of it. */
export function checkRegistry(modules: readonly ModuleFacts[]): void {
  const faults = [...faultsOfModules(modules), ...topicsOf(modules).flatMap((topic) => faultsOfTopic(topic, modules))];
  if (faults.length > 0) throw new StartError(`The modules' declarations contradict each other: ${faults.join("; ")}`);
}

function faultsOfModules(modules: readonly ModuleFacts[]): string[] {
  const faults: string[] = [];
  const names = new Set(modules.map(({ name }) => name));
  if (names.size < modules.length) faults.push("two modules have the same name");
  if (names.has(EDGE)) faults.push(`no module may be called ${EDGE}: it could ask whatever the edge may`);
  const takers = new Map([[EDGE_COLLECTION, EDGE]]);
  for (const module of modules) {
    const { name, topics, serves } = module;
    if (!/^[a-z][a-z0-9]{0,40}$/.test(name)) faults.push(`${name} is no name: a-z and 0-9, 41 at most`);
    for (const method of serves)
      if (method.module !== name) faults.push(`${name} serves ${methodName(method)}, which is another's`);
    faults.push(...faultsOfRoutes(module));
    for (const collection of collectionsOf(module)) {
      const other = takers.get(collection);
      if (other !== undefined) faults.push(`/api/v1/${collection} is both ${other}'s and ${name}'s`);
      takers.set(collection, name);
    }
    for (const topic of [...topics.sends, ...topics.subscribes])
      if (!names.has(topic.module)) faults.push(`${name} has to do with ${topic.name}, whose module is not there`);
  }
  return faults;
}

function faultsOfRoutes({ name, routes }: ModuleFacts): string[] {
  return routes.flatMap(({ spec }) => {
    const scope = scopeOf(spec.rights);
    const isOwn = scope === undefined || scope.startsWith(`${name}:`);
    const foreign = isOwn
      ? []
      : [`${spec.method} ${spec.path} of ${name} asks for the scope ${scope}, which is another's`];
    return [...faultsOfRights(spec), ...foreign];
  });
}

function faultsOfTopic(topic: Topic, modules: readonly ModuleFacts[]): string[] {
  const faults: string[] = [];
  const has = (topics: readonly Topic[]) => topics.some(({ name }) => name === topic.name);
  const senders = modules.filter(({ topics }) => has(topics.sends)).map(({ name }) => name);
  const listeners = modules.filter(({ topics }) => has(topics.subscribes)).map(({ name }) => name);
  const isEvents = topic.name.includes(".events.");
  if (senders.length === 0) faults.push(`nobody sends ${topic.name}`);
  // Marks are kept by topic and key: a topic with two senders would have two counts in one.
  if (senders.length > 1) faults.push(`${topic.name} has several senders: ${senders.join(", ")}`);
  if (isEvents && senders.some((name) => name !== topic.module))
    faults.push(`${topic.name} is sent by others than ${topic.module}`);
  if (!isEvents && listeners.some((name) => name !== topic.module))
    faults.push(`${topic.name} is taken by others than ${topic.module}`);
  return faults;
}
