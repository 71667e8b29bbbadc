/**
 * What this process tells of its work: spans to a collector, to its own memory, or nowhere. Where they go nowhere nothing
 * is traced at all.
 */
import { version } from "../build-info.ts";
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

export async function openTelemetry(config: PlatformConfig<string>, deps: TelemetryDeps): Promise<Telemetry> {
  const service = serviceNameOf(config);
  const sent = config.telemetryDisabled ? undefined : await openSending(config, service, deps);
  const kept = !config.telemetryDisabled && config.tracesKept > 0 ? keepTraces(config.tracesKept) : undefined;
  const sinks = [sent?.sink, kept?.keep].filter((sink) => sink !== undefined);
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

async function openSending(
  config: PlatformConfig<string>,
  service: string,
  { instanceId, metrics, log }: TelemetryDeps,
): Promise<TelemetryExport | undefined> {
  const sendsSpans = config.tracesExporter === "otlp";
  const sendsMetrics = config.metricsExporter === "otlp";
  if (!sendsSpans && !sendsMetrics) return undefined;
  const { openExport } = await import("../telemetry/export.ts");
  return openExport({
    resource: {
      "service.name": service,
      "service.namespace": PLATFORM,
      "service.version": version,
      "service.instance.id": instanceId,
      "app.modules": config.modules.join(","),
    },
    scope: { name: PLATFORM, version },
    spans: sendsSpans
      ? {
          delayMs: config.spanDelayMs,
          queueLimit: config.spanQueueLimit,
          batchLimit: config.spanBatchLimit,
          exportTimeoutMs: config.spanExportTimeoutMs,
        }
      : null,
    metrics: sendsMetrics ? { intervalMs: config.metricIntervalMs, of: metrics } : null,
    timeoutMs: config.otlpTimeoutMs,
    clock: systemClock,
    log,
  });
}
