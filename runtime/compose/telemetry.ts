/**
 * What this process tells of its work: spans to a collector, to its own memory, or nowhere. Where they go nowhere nothing
 * is traced at all.
 */
import { version } from "../../package.json";
import { createFineClock, systemClock, systemStopwatch } from "../clock.ts";
import type { PlatformConfig } from "../config/settings.ts";
import { atMost } from "../deadline.ts";
import type { Log } from "../log.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import { PLATFORM, serviceNameOf } from "../service-name.ts";
import { createAllowance } from "../telemetry/allowance.ts";
import type { TelemetryExport } from "../telemetry/export.ts";
import { type KeptTraces, keepTraces } from "../telemetry/kept-traces.ts";
import type { CollectedMetrics } from "../telemetry/metrics/metrics.ts";
import { createSampler } from "../telemetry/sampler.ts";
import type { EndedSpan } from "../telemetry/span.ts";
import { createTracer, type Tracer } from "../telemetry/tracer.ts";

export interface Telemetry {
  /** The name that this process goes by in traces. */
  readonly service: string;
  /** Absent where nothing is traced. */
  readonly tracer: Tracer | undefined;
  /** Absent where none are kept. */
  readonly kept: KeptTraces | undefined;
  /** Sends what waits, for a bounded time. */
  stop(): Promise<void>;
}

export interface TelemetryDeps {
  /** Another one after each start. */
  readonly instanceId: string;
  readonly metrics: CollectedMetrics;
  readonly log: Log;
}

export async function openTelemetry(
  config: PlatformConfig<string>,
  { instanceId, metrics, log }: TelemetryDeps,
): Promise<Telemetry> {
  const service = serviceNameOf(config);
  const off = config.telemetryDisabled;
  const sendsSpans = !off && config.tracesExporter === "otlp";
  const sendsMetrics = !off && config.metricsExporter === "otlp";
  const sent = await openSending(config, {
    service,
    instanceId,
    sendsSpans,
    metrics: sendsMetrics ? metrics : null,
    log,
  });
  const kept = !off && config.tracesKept > 0 ? keepTraces(config.tracesKept) : undefined;
  const sinks = [...(sent && sendsSpans ? [sent.sink] : []), ...(kept ? [kept.keep] : [])];
  const random = systemRandom();
  const tracer =
    sinks.length === 0
      ? undefined
      : createTracer({
          service,
          clock: createFineClock(),
          random,
          sampler: createSampler(
            config.tracesSampler,
            config.tracesRatio,
            random,
            createAllowance(config.tracesFromCallersPerS, systemStopwatch),
          ),
          sink(span: EndedSpan) {
            for (const sink of sinks) sink(span);
          },
        });
  return {
    service,
    tracer,
    kept,
    stop: async () => void (sent && (await atMost(scheduler, config.otlpTimeoutMs + STOP_SLACK_MS, sent.shutdown()))),
  };
}

/** Spans and metrics are sent at the same time, and each within the time-out. */
const STOP_SLACK_MS = 500;

interface Sending extends Omit<TelemetryDeps, "metrics"> {
  readonly service: string;
  readonly sendsSpans: boolean;
  /** Null: they are not sent. */
  readonly metrics: CollectedMetrics | null;
}

async function openSending(
  config: PlatformConfig<string>,
  { service, instanceId, sendsSpans, metrics, log }: Sending,
): Promise<TelemetryExport | undefined> {
  if (!sendsSpans && metrics === null) return undefined;
  const { openExport } = await import("../telemetry/export.ts");
  const { createMetricProducer } = await import("../telemetry/metrics/metric-producer.ts");
  const scope = { name: PLATFORM, version };
  return openExport({
    resource: {
      "service.name": service,
      "service.namespace": PLATFORM,
      "service.version": version,
      "service.instance.id": instanceId,
      "app.modules": config.modules.join(","),
    },
    spans: sendsSpans
      ? {
          delayMs: config.spanDelayMs,
          queueLimit: config.spanQueueLimit,
          batchLimit: config.spanBatchLimit,
          exportTimeoutMs: config.spanExportTimeoutMs,
        }
      : null,
    metrics: metrics && {
      intervalMs: config.metricIntervalMs,
      producers: [createMetricProducer({ metrics, clock: systemClock, scope })],
    },
    timeoutMs: config.otlpTimeoutMs,
    log,
  });
}
