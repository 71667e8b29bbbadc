/** What is told of requests: those that fail always, each one only where debugging is asked for. */
import type { Clock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";
import { errorText } from "../error-text.ts";
import type { Handler } from "../http/app.ts";
import type { FailureDeps } from "../http/failure.ts";
import type { Log } from "../log.ts";
import { CommandUnavailable } from "../messages/command-unavailable.ts";
import type { ModuleFacts } from "../module.ts";
import { collectionOf, collectionsOf } from "../registry.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { RPC_PATH } from "../rpc/wire.ts";
import { traceOf } from "../telemetry/logs/trace-id.ts";

/** Reports what a request of the API has met, with the module that answers its path. */
export function reportFailures(log: Log, modules: readonly ModuleFacts[]): FailureDeps["onError"] {
  const owners = new Map(modules.flatMap((module) => collectionsOf(module).map((each) => [each, module.name])));
  const ownerOf = (path: string) =>
    path.startsWith(`${RPC_PATH}/`)
      ? path.split("/")[RPC_PATH.split("/").length]
      : owners.get(collectionOf(path) ?? "");
  return (error, { traceparent, ...request }) => {
    const about = { module: ownerOf(request.path), ...traceOf(traceparent), ...request };
    // An outage is reported where it is met first; who was turned away by it needs no stack.
    if (isOutage(error)) return log("info", "request.unavailable", { ...about, error: error.message });
    log("error", "request.failed", { ...about, error: errorText(error) });
  };
}

/** Somebody is away, late or busy; anything else that ends a request is a bug. */
const isOutage = (error: unknown): error is Error =>
  error instanceof CommandUnavailable ||
  (error instanceof DatabaseError && error.kind === "unavailable") ||
  (error instanceof RpcUnavailable && (error.cause === undefined || isOutage(error.cause)));

/** The same handler, which tells of each request that it has answered. */
export function tellRequests(handler: Handler, clock: Clock, log: Log): Handler {
  return async (request, bindings) => {
    const beganMs = clock.now();
    const response = await handler(request, bindings);
    log("debug", "request.answered", {
      ...traceOf(request.headers.get("traceparent")),
      method: request.method,
      // Without a Host it is the bare target.
      path: URL.parse(request.url, "http://localhost")?.pathname,
      status: response.status,
      tookMs: clock.now() - beganMs,
    });
    return response;
  };
}
