/** A tracer that samples all, on a clock that stands still, and the spans that have ended. */
import { seededRandom } from "../random.ts";
import { withinSpan } from "./active-span.ts";
import type { EndedSpan } from "./span.ts";
import { createTracer, type Tracer } from "./tracer.ts";

export interface SpansBench {
  readonly tracer: Tracer;
  readonly ended: readonly EndedSpan[];
  /** Runs work as part of a request that is traced; the request's own span never ends. */
  during<T>(work: () => T): T;
}

export function spansBench(): SpansBench {
  const ended: EndedSpan[] = [];
  const tracer = createTracer({
    service: "shop",
    clock: { now: () => 0 },
    random: seededRandom(1),
    sampler: () => true,
    sink: (span) => void ended.push(span),
  });
  const request = tracer.begin(null, { name: "request", kind: "server", module: "shelf", attributes: {} });
  return { tracer, ended, during: (work) => withinSpan(request, work) };
}
