import { isTraceparent, traceIdOf } from "../trace-context.ts";

/** The trace of a W3C `traceparent`, as a field of a line that is about what carried it; nothing where there is none. */
export const aboutTrace = (traceparent: string | null | undefined): { readonly traceId?: string } =>
  traceparent != null && isTraceparent(traceparent) ? { traceId: traceIdOf(traceparent) } : {};
