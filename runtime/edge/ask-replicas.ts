import { type RpcMethod, RpcUnavailable } from "../rpc/port.ts";
import { HostUnknown, type Replica, type Replicas } from "../rpc/replicas.ts";

const ASKED_WITHIN_MS = 3000;

export interface AskedReplicas<Response> {
  /** A line for each process that is known. */
  readonly found: readonly Replica<Response>[];
  /** Why none can be found, where one should be. */
  readonly problem: string | null;
}

/**
 * Asks every process of a module, for at most three seconds. Never rejects because one is away. `replicas`: absent where
 * there can be no others; `runsHere`: the module runs in this process.
 */
export async function askReplicas<Request, Response>(
  replicas: Replicas | undefined,
  method: RpcMethod<Request, Response>,
  request: Request,
  runsHere: boolean,
): Promise<AskedReplicas<Response>> {
  try {
    return { found: (await replicas?.ask(method, request, { timeoutMs: ASKED_WITHIN_MS })) ?? [], problem: null };
  } catch (error) {
    if (!(error instanceof RpcUnavailable)) throw error;
    // It has no name there, so nobody but this process can be meant.
    return { found: [], problem: runsHere && error instanceof HostUnknown ? null : error.message };
  }
}
