/** Every route of the public port as its declaration, wherever it runs: for documents, and for who tests them. */
import { systemClock } from "../clock.ts";
import { createHealth, healthRoutes } from "../http/health.ts";
import type { RouteSpec } from "../http/route.ts";
import type { ModuleFacts } from "../module.ts";
import { createDirectRpc } from "../rpc/direct.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { edgeRoutes } from "./edge.ts";

/** The modules' routes, those of the edge, and those that each process has. */
export function publicRoutes(modules: readonly ModuleFacts[]): readonly RouteSpec[] {
  const names = modules.map(({ name }) => name);
  // Made to be read: nothing asks them anything.
  const edge = edgeRoutes({
    ops: { rpc: createDirectRpc([], scheduler), modules: names, clock: systemClock, scheduler },
    topology: { modules: names, self: neverAsked, replicas: undefined },
    traces: { modules: names, own: names, ask: neverAsked, replicas: undefined },
  });
  const all = [...healthRoutes(createHealth()), ...modules.flatMap(({ routes }) => routes), ...edge];
  return all.map(({ spec }) => spec);
}

const neverAsked = () => {
  throw new Error("these routes are read, not run");
};
