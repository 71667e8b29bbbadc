/** A span while it lasts, and what is told of it once it has ended. */
import type { Clock } from "../clock.ts";
import { type SpanContext, traceparentOf } from "./trace-context.ts";

export type SpanKind = "server" | "client" | "producer" | "consumer";

/** What X-Ray can index: scalars only. Never personal data: ids of ours, names from the source, counts. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface EndedSpan extends SpanContext {
  /** Null: it began the trace, or nobody here began it. */
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Other spans that the same work was done for. */
  readonly links: readonly SpanContext[];
  /** What kind of error it ended with; null: none. */
  readonly error: string | null;
}

export interface Span extends SpanContext {
  readonly traceparent: string;
  /** It has ended: what begins now is not part of it. */
  readonly ended: boolean;
  set(name: string, value: string | number | boolean): void;
  /** It failed. `type`: what kind of error, in a word or two, and nothing that was in it. */
  fail(type: string): void;
  /** Hands it on; only the first call counts. */
  end(): void;
}

/** How a span begins. */
export interface Begin {
  /** Whose it is: `app.module`. */
  readonly module: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links?: readonly SpanContext[];
}

/** Whoever keeps or sends what has ended. Must not throw, and must not hold up whoever ended it. */
export type SpanSink = (span: EndedSpan) => void;

/** Begins a span now. */
export function openSpan(
  context: SpanContext,
  parentSpanId: string | null,
  { module, name, kind, attributes: given, links = [] }: Begin,
  { clock, sink }: { readonly clock: Clock; readonly sink: SpanSink },
): Span {
  const { traceId, spanId } = context;
  const startMs = clock.now();
  const attributes: Record<string, string | number | boolean> = { "app.module": module, ...given };
  let error: string | null = null;
  let ended = false;
  return {
    traceId,
    spanId,
    traceparent: traceparentOf(context),
    get ended() {
      return ended;
    },
    set(attribute, value) {
      attributes[attribute] = value;
    },
    fail(type) {
      error = type;
    },
    end() {
      if (ended) return;
      ended = true;
      // A clock that was set back meanwhile must not make it end before it began.
      const endMs = Math.max(startMs, clock.now());
      sink({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, links, error });
    },
  };
}
