/**
 * Where a piece of work stands in a trace, as it travels: a W3C `traceparent` of version 00. Only sampled work is
 * recorded, so what carries no mark of being sampled is, for everybody here, outside of any trace.
 */

/** A span that others may be children of. */
export interface SpanContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether a text from outside is a traceparent of the version that is spoken here. */
export const isTraceparent = (text: string): boolean => TRACEPARENT.test(text);

/** Of a traceparent that is known to be one: its trace. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);
export const spanIdOf = (traceparent: string): string => traceparent.slice(36, 52);
/** Whether its sender records it. */
export const isSampled = (traceparent: string): boolean => (Number.parseInt(traceparent.slice(53), 16) & 1) === 1;

/** The same place in the same trace, which nobody here records. */
export const notSampled = (traceparent: string): string => `${traceparent.slice(0, 53)}00`;

/** The span that a traceparent names; undefined where there is none, or one that is not sampled, or no such text. */
export const sampledContext = (traceparent: string | undefined): SpanContext | undefined =>
  traceparent !== undefined && isTraceparent(traceparent) && isSampled(traceparent)
    ? { traceId: traceIdOf(traceparent), spanId: spanIdOf(traceparent) }
    : undefined;

/** The traceparent of a sampled span. */
export const traceparentOf = ({ traceId, spanId }: SpanContext): string => `00-${traceId}-${spanId}-01`;
