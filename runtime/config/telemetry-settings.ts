import { SAMPLERS, type SamplerName } from "../telemetry/sampler.ts";
import { optional, type Settings, setting } from "./load.ts";
import { boolean, durationMs, integer, oneOf, type Parser, secretOf, text, url, withoutPassword } from "./parsers.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

const ratio: Parser<number> = {
  wants: "a number from 0 to 1, such as 0.05",
  parse(given) {
    const value = /^\d(\.\d{1,12})?$/.test(given) ? Number(given) : Number.NaN;
    return value >= 0 && value <= 1 ? value : null;
  },
};

/** It may have a password, or a key among its parameters. */
const endpoint = (env: string, description: string) =>
  optional({ env, parser: secretOf(url("http", "https")), secret: true, redact: withoutPassword, description });

const json: Parser<"http/json"> = {
  wants: "http/json: it is the only one that is spoken here, and collectors take it where they take http/protobuf",
  parse: (given) => (given === "http/json" ? given : null),
};

const protocol = (env: string, what: string) =>
  optional({ env, parser: json, description: `How ${what} are sent. Default: http/json, and there is no other.` });

/** Where a signal goes: nowhere, unless a collector is named. */
const exporter = (env: string, own: string, what: string) =>
  setting<"otlp" | "none">({
    env,
    parser: oneOf("otlp", "none"),
    fallback: (earlier) => (earlier.otlpEndpoint === null && earlier[own] === null ? "none" : "otlp"),
    description: `Where ${what} go. Default: otlp where an OTLP endpoint is given, else none.`,
  });

/**
 * OpenTelemetry's own variables, with its meanings. The exporters read those that are not here by themselves: headers,
 * compression, certificates, resource attributes.
 */
export const telemetrySettings = (mode: string) =>
  ({
    telemetryDisabled: setting({
      env: "OTEL_SDK_DISABLED",
      parser: boolean,
      fallback: false,
      description: "Nothing is traced and no metrics are sent, whatever else is set.",
    }),
    serviceName: optional({
      env: "OTEL_SERVICE_NAME",
      parser: text(255),
      description: "This process in traces and metrics. Default: its module where it runs one, else genai-demo.",
    }),
    otlpEndpoint: endpoint(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTLP/HTTP collector of traces and metrics, such as http://127.0.0.1:4318.",
    ),
    otlpTracesEndpoint: endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "URL for traces alone, with its path."),
    otlpMetricsEndpoint: endpoint("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "URL for metrics alone, with its path."),
    otlpProtocol: protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "traces and metrics"),
    otlpTracesProtocol: protocol("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "traces"),
    otlpMetricsProtocol: protocol("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "metrics"),
    otlpTimeoutMs: setting({
      env: "OTEL_EXPORTER_OTLP_TIMEOUT",
      parser: durationMs(10, 60 * SECOND),
      fallback: 2 * SECOND,
      description: "How long the collector may take for one export; a stop of the process waits as long at most.",
    }),
    tracesExporter: exporter("OTEL_TRACES_EXPORTER", "otlpTracesEndpoint", "traces"),
    metricsExporter: exporter("OTEL_METRICS_EXPORTER", "otlpMetricsEndpoint", "metrics"),
    tracesSampler: setting<SamplerName>({
      env: "OTEL_TRACES_SAMPLER",
      parser: oneOf(...SAMPLERS),
      fallback: mode === "serve" ? "parentbased_traceidratio" : "parentbased_always_on",
      description: "Which requests are traced, where traces are sent or kept.",
    }),
    tracesRatio: setting({
      env: "OTEL_TRACES_SAMPLER_ARG",
      parser: ratio,
      fallback: 0.05,
      description: "Share of the requests that a sampler by ratio traces.",
    }),
    tracesFromCallersPerS: setting({
      env: "TRACES_FROM_CALLERS_PER_S",
      parser: integer(0, 1_000_000),
      fallback: 10,
      description:
        "Requests a second that a parentbased sampler traces because their callers say so, in each process; it decides on the others as if there were no caller.",
    }),
    spanDelayMs: setting({
      env: "OTEL_BSP_SCHEDULE_DELAY",
      parser: durationMs(1, HOUR),
      fallback: 5 * SECOND,
      description: "How long spans wait for company before they are sent.",
    }),
    spanQueueLimit: setting({
      env: "OTEL_BSP_MAX_QUEUE_SIZE",
      parser: integer(1, 1_000_000),
      fallback: 2048,
      description: "Spans that wait to be sent, at most; more are dropped.",
    }),
    spanBatchLimit: setting({
      env: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
      parser: integer(1, 1_000_000),
      fallback: 512,
      description: "Spans in one export, at most.",
    }),
    spanExportTimeoutMs: setting({
      env: "OTEL_BSP_EXPORT_TIMEOUT",
      parser: durationMs(10, 60 * SECOND),
      fallback: 2 * SECOND,
      description: "How long an export of spans may take with its repetitions.",
    }),
    metricIntervalMs: setting({
      env: "OTEL_METRIC_EXPORT_INTERVAL",
      parser: durationMs(100, HOUR),
      fallback: 60 * SECOND,
      description: "How often metrics are sent.",
    }),
    tracesKept: setting({
      env: "TRACES_KEPT",
      parser: integer(0, 100_000),
      fallback: mode === "dev" ? 1000 : 0,
      description: "Traces that this process keeps in memory for GET /api/v1/ops/traces; the oldest go first.",
    }),
  }) satisfies Settings;
