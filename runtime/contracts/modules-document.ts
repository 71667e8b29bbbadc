/** `modules.json`: what the modules declare, for everybody who cannot run their code, such as Terraform. */

import { SHARED } from "../config/read-parameters.ts";
import type { ModuleFacts } from "../module.ts";
import { callersOf, collectionsOf, EDGE_HOST, topicsOf } from "../registry.ts";
import { methodName, type RpcMethodName } from "../rpc/port.ts";
import { declaredParameters } from "./declared-parameters.ts";
import { shapesOf } from "./deployment-shapes.ts";

/**
 * The document of the given modules, of which the edge asks `edgeAsks`. `rpc`: by method, who may ask it. `shapes`: in which
 * workloads they are deployed. `parameters`: what belongs into Parameter Store, under PARAMETER_PATH/MODULE or
 * PARAMETER_PATH/shared.
 */
export function modulesDocument(modules: readonly ModuleFacts[], edgeAsks: readonly RpcMethodName[]) {
  const parameters = declaredParameters(modules);
  const parametersOf = (owner: string) => parameters.filter((each) => each.owner === owner).map(({ name }) => name);
  const namesOf = (of: (module: ModuleFacts) => readonly { readonly name: string }[], topic: string) =>
    modules.filter((module) => of(module).some(({ name }) => name === topic)).map(({ name }) => name);
  return {
    shared: { parameters: parametersOf(SHARED) },
    edge: { host: EDGE_HOST, asks: edgeAsks.map(methodName) },
    modules: Object.fromEntries(
      modules.map((module) => [
        module.name,
        {
          paths: collectionsOf(module).map((collection) => `/api/v1/${collection}`),
          sends: module.topics.sends.map(({ name }) => name),
          subscribes: module.topics.subscribes.map(({ name }) => name),
          asks: module.asks.map(methodName),
          parameters: parametersOf(module.name),
        },
      ]),
    ),
    topics: Object.fromEntries(
      topicsOf(modules).map(({ name, module, types }) => [
        name,
        {
          owner: module,
          types: [...types.keys()].sort(),
          producers: namesOf(({ topics }) => topics.sends, name),
          consumers: namesOf(({ topics }) => topics.subscribes, name),
        },
      ]),
    ),
    shapes: shapesOf(modules, edgeAsks),
    rpc: Object.fromEntries(callersOf(modules, edgeAsks)),
  };
}
