/**
 * Sends spans and metrics to a collector, by OpenTelemetry's SDK over OTLP/HTTP. Loaded only where there is a collector:
 * the SDK costs some 140 ms of a start and 35 MB.
 *
 * Never in anybody's way: what ends is put into a bounded queue, and dropped when that is full. A collector that is away,
 * hangs or refuses is told of in the log, nothing is waited for but at the end (`shutdown`), and that for a bounded time.
 * What was not taken is sent again by the exporter within its time-out, and then lost.
 */
import { type Attributes, DiagLogLevel, diag, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { AggregationTemporalityPreference, OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { outsideSpans } from "./active-span.ts";
import { diagnosticText } from "./diagnostic-text.ts";
import { hrTimeOf } from "./hr-time.ts";
import { createMetricProducer } from "./metrics/metric-producer.ts";
import type { CollectedMetrics } from "./metrics/metrics.ts";
import type { EndedSpan, SpanSink } from "./span.ts";
import type { SpanContext } from "./trace-context.ts";

export interface ExportOptions {
  /** What is said of this process with each span and metric. */
  readonly resource: Attributes;
  /** Names what they come from: the instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
  /** Null: spans are not sent. */
  readonly spans: {
    readonly delayMs: number;
    readonly queueLimit: number;
    readonly batchLimit: number;
    readonly exportTimeoutMs: number;
  } | null;
  /** Null: metrics are not sent. */
  readonly metrics: { readonly intervalMs: number; readonly of: CollectedMetrics } | null;
  /** For one export. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface TelemetryExport {
  /** Absent where spans are not sent. */
  readonly sink?: SpanSink;
  /** Sends what waits. Never rejects; a collector that does not answer has been waited for, for the time-out. */
  shutdown(): Promise<void>;
}

export function openExport(options: ExportOptions): TelemetryExport {
  const { resource: own, scope, spans, metrics, timeoutMs, clock, log } = options;
  const tell = (...parts: readonly unknown[]) => log("warn", "telemetry.export", { error: diagnosticText(parts) });
  const nothing = () => undefined;
  const listen = () =>
    diag.setLogger(
      { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  listen();
  // What is set from outside wins: OTEL_RESOURCE_ATTRIBUTES, and OTEL_SERVICE_NAME, which is among `own`.
  const resource = defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [envDetector] }));
  const processor =
    spans &&
    new BatchSpanProcessor({
      exporter: new OTLPTraceExporter({ timeoutMillis: timeoutMs }),
      scheduledDelayMillis: spans.delayMs,
      maxQueueSize: spans.queueLimit,
      maxExportBatchSize: spans.batchLimit,
      exportTimeoutMillis: spans.exportTimeoutMs,
    });
  const reader =
    metrics &&
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({
        timeoutMillis: timeoutMs,
        temporalityPreference: AggregationTemporalityPreference.DELTA,
      }),
      exportIntervalMillis: metrics.intervalMs,
      exportTimeoutMillis: Math.min(timeoutMs, metrics.intervalMs),
      metricProducers: [createMetricProducer({ metrics: metrics.of, clock, scope })],
    });
  diag.disable();
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    instrumentations: [],
    logRecordProcessors: [],
    spanProcessors: processor ? [processor] : [],
    metricReaders: reader ? [reader] : [],
  });
  // It has put its own in the place of ours where OTEL_LOG_LEVEL is set: one that prints, past the log.
  listen();
  sdk.start();
  return {
    // It sets a timer, and what it then does and tells is nothing of the request whose span happened to be the first.
    ...(processor && { sink: (span) => outsideSpans(() => processor.onEnd(readable(span, resource, scope))) }),
    // It rejects when the collector is away.
    shutdown: () => sdk.shutdown().catch((error: unknown) => tell(String(error))),
  };
}

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

function readable(span: EndedSpan, resource: Resource, instrumentationScope: ExportOptions["scope"]): ReadableSpan {
  const { traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, links, error } = span;
  const context = sampled({ traceId, spanId });
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => context,
    ...(parentSpanId === null ? {} : { parentSpanContext: sampled({ traceId, spanId: parentSpanId }) }),
    startTime: hrTimeOf(startMs),
    endTime: hrTimeOf(endMs),
    duration: hrTimeOf(endMs - startMs),
    ended: true,
    status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes: error === null ? attributes : { ...attributes, "error.type": error },
    links: links.map((each) => ({ context: sampled(each) })),
    events: [],
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const sampled = ({ traceId, spanId }: SpanContext) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
