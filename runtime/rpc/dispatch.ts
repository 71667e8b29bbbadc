import type { Scheduler } from "../scheduler.ts";
import type { Breakers } from "./circuit-breaker.ts";
import { createDirectRpc } from "./direct.ts";
import type { RpcClient, RpcHandler, RpcMethodName } from "./port.ts";

export interface RpcDeps {
  /** What this process answers itself. */
  readonly local: readonly RpcHandler[];
  /** Absent where all modules run here. */
  readonly remote?: RpcClient;
  readonly scheduler: Scheduler;
  readonly breakers?: Breakers;
}

/** One client for all modules: those of this process are called directly, the others by `remote`. */
export function createRpc({ local, remote, scheduler, breakers }: RpcDeps): RpcClient {
  const direct = createDirectRpc(local, scheduler, breakers);
  if (remote === undefined) return direct;
  const here = new Set(local.map(({ module }) => module));
  const clientOf = ({ module }: RpcMethodName) => (here.has(module) ? direct : remote);
  return { call: (method, request, options) => clientOf(method).call(method, request, options) };
}
