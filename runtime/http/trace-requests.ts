/** The span of each request that is traced, and the trace that what it sets off is part of. */
import type { Context } from "hono";
import { withinSpan } from "../telemetry/active-span.ts";
import { isTraceparent, notSampled } from "../telemetry/trace-context.ts";
import type { Tracer } from "../telemetry/tracer.ts";
import type { AppEnv } from "./app.ts";
import type { RouteSpec } from "./route.ts";

export type Answering = (context: Context<AppEnv>, traceparent: string | null) => Promise<Response>;

/** Traces what answers a route's requests; without a tracer a caller's trace is passed on. */
export function traceRequests(
  answer: Answering,
  { method, path, rateLimit }: Pick<RouteSpec, "method" | "path" | "rateLimit">,
  module: string,
  tracer: Tracer | undefined,
): (context: Context<AppEnv>) => Promise<Response> {
  // Probes come all the time and tell nothing of anybody's request: they are in no trace.
  if (tracer === undefined || rateLimit === "none")
    return (context) => answer(context, inboundTraceparent(context.req.raw));
  const name = `${method} ${path}`;
  // The path as it is declared: a path as it was sent may hold whose it is.
  const attributes = { "http.request.method": method, "http.route": path, "url.path": path };
  return (context) => {
    const inbound = inboundTraceparent(context.req.raw);
    // Else what it sets off would be traced on its caller's word.
    if (!tracer.samples(inbound)) return answer(context, inbound && notSampled(inbound));
    const span = tracer.begin(inbound, { name, kind: "server", module, attributes });
    return withinSpan(span, async () => {
      const response = await answer(context, span.traceparent);
      span.set("http.response.status_code", response.status);
      if (response.status >= 500) span.fail(String(response.status));
      span.end();
      return response;
    });
  };
}

/** Null where there is none that is one. */
export function inboundTraceparent(request: Request): string | null {
  const value = request.headers.get("traceparent");
  return value !== null && isTraceparent(value) ? value : null;
}
