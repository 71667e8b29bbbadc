/**
 * Makes spans for what is sampled. Whether something is sampled is asked first (`samples`, `parentOf`, `activeSpan`), and
 * nothing is made for what is not.
 *
 * Spans are made by hand where work enters or leaves a process or waits for another one: requests, messages, statements,
 * caches, calls. Each carries `app.module`, so that one process and six tell the same story.
 */
import type { Clock } from "../clock.ts";
import type { Random } from "../random.ts";
import type { Sampler } from "./sampler.ts";
import { type Begin, openSpan, type Span, type SpanSink } from "./span.ts";
import { type SpanContext, sampledContext, spanIdOf, traceIdOf } from "./trace-context.ts";

export interface Tracer {
  /** The name that the process goes by in traces. */
  readonly service: string;
  /** Whether a request from outside is traced. `inbound`: its caller's traceparent. */
  samples(inbound: string | null): boolean;
  /** The span of a request that is: its caller's trace goes on, or a new one begins. */
  begin(inbound: string | null, start: Begin): Span;
  /** What a message, a row or a call of another process came from; undefined where that is not traced. */
  parentOf(traceparent: string | undefined): SpanContext | undefined;
  child(parent: SpanContext, start: Begin): Span;
}

export interface TracerDeps {
  readonly service: string;
  /** With fractions of a millisecond. */
  readonly clock: Clock;
  readonly random: Random;
  readonly sampler: Sampler;
  readonly sink: SpanSink;
}

export function createTracer(deps: TracerDeps): Tracer {
  const { service, clock, random, sampler } = deps;
  const hex = (draws: number) => {
    let text = "";
    for (let n = 0; n < draws; n++) text += random.uint32().toString(16).padStart(8, "0");
    return text;
  };
  /** X-Ray refuses ids that do not begin with the second in which the trace began. */
  const newTraceId = () =>
    `${Math.floor(clock.now() / 1000)
      .toString(16)
      .padStart(8, "0")}${hex(3)}`;
  const open = (traceId: string, parentSpanId: string | null, start: Begin) =>
    openSpan({ traceId, spanId: hex(2) }, parentSpanId, start, deps);

  return {
    service,
    samples: sampler,
    begin: (inbound, start) =>
      inbound === null ? open(newTraceId(), null, start) : open(traceIdOf(inbound), spanIdOf(inbound), start),
    parentOf: sampledContext,
    child: (parent, start) => open(parent.traceId, parent.spanId, start),
  };
}

/** Nothing is traced. */
export const NO_TRACER: Tracer = {
  service: "",
  samples: () => false,
  parentOf: () => undefined,
  begin: untraced,
  child: untraced,
};

function untraced(): never {
  throw new Error("a span was begun where nothing is sampled");
}
