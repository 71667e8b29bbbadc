/**
 * Serves a process's methods on its internal port (see wire.ts).
 *
 * The order of checks: 503 while closing, 401 token, 404 method, 403 caller, 415 content type, 400 deadline, 413 size,
 * 400 JSON and schema, then the handler. Nothing of the body is read before the rights are known. A handler that throws
 * is a 500 without internals, reported to `onError`; what it needs and does not get is a 503, and the caller may ask
 * again. When the caller's deadline is over, or the caller has gone, nobody waits for the handler any more; what it does
 * then has no reader.
 */

import { within } from "../deadline.ts";
import type { App } from "../http/app.ts";
import { bearer } from "../http/authorise.ts";
import { readBody, requireJson } from "../http/body.ts";
import { failure, methodNotAllowed } from "../http/failure.ts";
import type { HttpDeps } from "../http/mount.ts";
import { ProblemError, problem } from "../http/problem.ts";
import { toResponse } from "../http/reply.ts";
import { inboundTraceparent } from "../http/trace-requests.ts";
import type { ServicePrincipal } from "../identity/service-principal.ts";
import type { TokenVerifier } from "../identity/token-verifier.ts";
import { withinRemoteSpan } from "../telemetry/active-span.ts";
import { sampledContext } from "../telemetry/trace-context.ts";
import { methodName, type RpcHandler, RpcRequestInvalid, RpcUnavailable } from "./port.ts";
import { MOST_TIMEOUT_MS, RPC_PATH, TIMEOUT_HEADER } from "./wire.ts";

export interface RpcServerDeps extends Pick<HttpDeps, "scheduler" | "ids" | "bodyTimeoutMs" | "onError"> {
  readonly handlers: readonly RpcHandler[];
  /** Who may ask a method (`module.name`). */
  readonly allowed: (method: string) => readonly string[];
  readonly verifier: TokenVerifier<ServicePrincipal>;
  /** What answers is about to stop: callers are sent to another replica. */
  readonly closing: () => boolean;
}

/** Puts the methods on the internal port's app. */
export function mountRpc(app: App, deps: RpcServerDeps): void {
  const handlers = new Map(deps.handlers.map((handler) => [methodName(handler), handler]));
  const path = `${RPC_PATH}/:module/:method`;
  app.post(path, async (context) => {
    const module = context.req.param("module");
    const name = methodName({ module, name: context.req.param("method") });
    try {
      return toResponse({ status: 200, json: await answer(context.req.raw, name, handlers.get(name), deps) });
    } catch (error) {
      const traceparent = inboundTraceparent(context.req.raw);
      return failure(asProblem(error, name), { method: "POST", path: context.req.path, module, traceparent }, deps);
    }
  });
  app.all(path, () => methodNotAllowed("POST"));
}

async function answer(
  request: Request,
  name: string,
  handler: RpcHandler | undefined,
  deps: RpcServerDeps,
): Promise<string> {
  const { scheduler } = deps;
  if (deps.closing()) throw new ProblemError(problem("unavailable", "This process is about to stop."), AT_ONCE);
  const { callers } = await bearer(request, deps.verifier);
  if (handler === undefined) throw new ProblemError(problem("not-found", `${shown(name)} is not served here.`));
  if (!deps.allowed(name).some((caller) => callers.includes(caller)))
    throw new ProblemError(problem("forbidden", `${callers.join(", ")} may not ask ${name}.`));
  requireJson(request);
  const timeoutMs = timeoutOf(request);
  const { signal } = request;
  const asked = async () => {
    const body = await readBody(request, scheduler, Math.min(deps.bodyTimeoutMs, timeoutMs));
    if (signal.aborted) throw gone();
    const text = textOf(body);
    const parent = sampledContext(request.headers.get("traceparent") ?? undefined);
    return parent === undefined ? handler.answer(text) : withinRemoteSpan(parent, () => handler.answer(text));
  };
  const left = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(gone()), { once: true });
  });
  return within(scheduler, timeoutMs, Promise.race([asked(), left]), () => late(name, timeoutMs));
}

/** Another replica can be asked right away. */
const AT_ONCE = { "retry-after": "0", connection: "close" };
/** What was not there a moment ago. */
const SOON = { "retry-after": "1" };

function timeoutOf(request: Request): number {
  const text = request.headers.get(TIMEOUT_HEADER) ?? "";
  const timeoutMs = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (timeoutMs >= 1 && timeoutMs <= MOST_TIMEOUT_MS) return timeoutMs;
  const detail = `The header ${TIMEOUT_HEADER} must be a whole number from 1 to ${MOST_TIMEOUT_MS}.`;
  throw new ProblemError(problem("invalid-request", detail));
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new RpcRequestInvalid("the request is no UTF-8");
  }
}

const gone = () => new ProblemError(problem("unavailable", "The caller has gone."));

const late = (name: string, timeoutMs: number) =>
  new ProblemError(problem("unavailable", `${name} gave no answer in ${timeoutMs} ms.`));

function asProblem(error: unknown, name: string): unknown {
  if (error instanceof RpcRequestInvalid)
    return new ProblemError(problem("invalid-request", `${name} takes no such request: ${error.message}.`));
  if (error instanceof RpcUnavailable)
    return new ProblemError(problem("unavailable", `${name} asks others, who do not answer now.`), SOON, error);
  return error;
}

const shown = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name);
