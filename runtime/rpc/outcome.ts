/** What a caller sends over HTTP, and what it makes of what came of it. */
import { messageOf } from "../error-text.ts";
import type { Failure } from "./exchange.ts";
import { methodName, type RpcMethod, type RpcMethodName, RpcUnavailable } from "./port.ts";
import { REQUEST_LIMIT_BYTES } from "./wire.ts";

/** The request as JSON; what the method does not take is the caller's bug, and the cause of the error. */
export function requestText<Request>(method: RpcMethod<Request, unknown>, request: Request): string {
  const parsed = method.request.safeParse(request);
  if (!parsed.success)
    throw new RpcUnavailable(`${methodName(method)} takes no such request: ${messageOf(parsed.error)}`, {
      cause: parsed.error,
    });
  const text = JSON.stringify(parsed.data);
  if (Buffer.byteLength(text) > REQUEST_LIMIT_BYTES) {
    const fault = `${methodName(method)} takes at most ${REQUEST_LIMIT_BYTES} bytes: ask for less at a time`;
    throw new RpcUnavailable(fault, { cause: new Error(fault) });
  }
  return text;
}

/** The answer that a text is; one that is none of the method's is the callee's bug, and the cause of the error. */
export function answerOf<Response>(method: RpcMethod<unknown, Response>, text: string): Response {
  try {
    return method.response.parse(JSON.parse(text));
  } catch (error) {
    throw new RpcUnavailable(`${methodName(method)} answers against its contract: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** That there is no answer, why, and what to check. Has a cause where waiting will not mend it. */
export function unavailable(method: RpcMethodName, failure: Failure, attempts: number): RpcUnavailable {
  const again = attempts > 1 ? `, asked ${attempts} times` : "";
  const message = `${methodName(method)} ${failure.reason}${advice(method.module, failure)}${again}`;
  const isFault = failure.kind === "declined" || failure.kind === "foreign";
  return new RpcUnavailable(message, isFault ? { cause: new Error(message) } : undefined);
}

/** What to check where waiting will not mend it. */
function advice(module: string, { kind, status }: Failure): string {
  const setting = `${module.toUpperCase()}_RPC_URL`;
  if (kind === "foreign") return ` (${setting} must name an internal port of this platform)`;
  switch (status) {
    case 401:
      return " (both ends must know the same issuer: SERVICE_ISSUER and SERVICE_TOKEN_FILE, on one machine DATA_DIR)";
    case 403:
      // What this process's own declarations do not list is refused before it is sent.
      return " (SERVICE_ACCOUNTS must say whom this pod's account speaks for, and the callee must run a version whose declarations list that caller)";
    case 404:
      return ` (${setting} must name an internal port where ${module} runs)`;
    default:
      return "";
  }
}
