/** What is told of requests: those that fail always, each one only where debugging is asked for. */
import type { Clock } from "../clock.ts";
import { DatabaseError } from "../database/port.ts";
import { errorText } from "../error-text.ts";
import type { Handler } from "../http/app.ts";
import type { FailureDeps } from "../http/failure.ts";
import type { Log } from "../log.ts";
import { CommandUnavailable } from "../messages/command-unavailable.ts";
import { RpcUnavailable } from "../rpc/port.ts";
import { aboutTrace } from "../telemetry/logs/about-trace.ts";

/** Reports what a request has met. */
export const reportFailures =
  (log: Log): FailureDeps["onError"] =>
  (error, { traceparent, ...request }) => {
    const about = { ...aboutTrace(traceparent), ...request };
    // An outage is reported where it is met first; who was turned away by it needs no stack.
    if (isOutage(error)) return log("info", "request.unavailable", { ...about, error: error.message });
    log("error", "request.failed", { ...about, error: errorText(error) });
  };

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
      ...aboutTrace(request.headers.get("traceparent")),
      method: request.method,
      // Without a Host it is the bare target.
      path: URL.parse(request.url, "http://localhost")?.pathname,
      status: response.status,
      tookMs: clock.now() - beganMs,
    });
    return response;
  };
}
