/** What operators ask of the whole platform. Every answer is put together from the modules' own, by rpc. */
import type { Clock } from "../clock.ts";
import type { Route } from "../http/route.ts";
import type { RpcClient } from "../rpc/port.ts";
import type { Scheduler } from "../scheduler.ts";
import { auditRoute } from "./audit-route.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";
import { outboxRoute } from "./outbox-route.ts";
import { reconcileRoute } from "./reconcile-route.ts";
import { sagaRoute } from "./saga-route.ts";

export interface OpsDeps {
  readonly rpc: RpcClient;
  /** Names of all modules of the platform. */
  readonly modules: readonly string[];
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** The routes under `/api/v1/ops`. */
export const opsRoutes = (deps: OpsDeps): readonly Route[] => [
  ...deadLetterRoutes(deps),
  outboxRoute(deps),
  reconcileRoute(deps),
  sagaRoute(deps.rpc),
  auditRoute(deps),
];
