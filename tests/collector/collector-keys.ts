/**
 * The parts of the collector that our configuration uses, with all keys that each understands, as release 0.156.0 has
 * them (what ADOT v0.49.0 is made of). Read from the `mapstructure` tags of:
 * https://github.com/open-telemetry/opentelemetry-collector/blob/v0.156.0/receiver/otlpreceiver/config.go
 * https://github.com/open-telemetry/opentelemetry-collector/blob/v0.156.0/config/confighttp/server.go
 * https://github.com/open-telemetry/opentelemetry-collector/blob/v0.156.0/internal/memorylimiter/config.go
 * https://github.com/open-telemetry/opentelemetry-collector/blob/v0.156.0/processor/batchprocessor/config.go
 * https://github.com/open-telemetry/opentelemetry-collector/blob/v0.156.0/service/telemetry/otelconftelemetry/config.go
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/v0.156.0/processor/resourceprocessor/config.go
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/v0.156.0/exporter/awsxrayexporter/config.go
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/v0.156.0/exporter/awsemfexporter/config.go
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/v0.156.0/internal/aws/awsutil/awsconfig.go
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/v0.156.0/internal/healthcheck/internal/http/config.go
 */
import * as z from "zod";

const duration = z.string().regex(/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/, "must be a duration such as 5s");
const count = z.int().nonnegative();
const endpoint = z.string().regex(/^(?:\$\{env:\w+\}|[\w.-]+|\[[0-9a-f:]+\]):\d+$/, "must be an address with a port");
const regularExpression = z.string().refine(isRegularExpression, "must be a regular expression");

const httpServer = {
  endpoint: endpoint.optional(),
  transport: z.enum(["tcp", "unix"]).optional(),
  tls: z.looseObject({}).optional(),
  cors: z.looseObject({}).optional(),
  auth: z.looseObject({}).optional(),
  max_request_body_size: count.optional(),
  include_metadata: z.boolean().optional(),
  response_headers: z.looseObject({}).optional(),
  compression_algorithms: z.array(z.string()).optional(),
  read_timeout: duration.optional(),
  read_header_timeout: duration.optional(),
  write_timeout: duration.optional(),
  idle_timeout: duration.optional(),
  middlewares: z.array(z.looseObject({})).optional(),
  keep_alives_enabled: z.boolean().optional(),
};

const awsSession = {
  num_workers: count.optional(),
  endpoint: z.string().optional(),
  request_timeout_seconds: count.optional(),
  max_retries: count.optional(),
  no_verify_ssl: z.literal(false, "must not be true: any certificate would do").optional(),
  proxy_address: z.string().optional(),
  // Without it the exporter asks the instance metadata service, which a pod need not reach.
  region: z.string("must be given").min(1),
  local_mode: z.boolean().optional(),
  resource_arn: z.string().optional(),
  role_arn: z.string().optional(),
  external_id: z.string().optional(),
};

const otlp = z.strictObject({
  protocols: z.strictObject({
    http: z.strictObject({
      ...httpServer,
      traces_url_path: z.string().optional(),
      metrics_url_path: z.string().optional(),
      logs_url_path: z.string().optional(),
    }),
  }),
});

const memoryLimiter = z
  .strictObject({
    check_interval: duration,
    min_gc_interval_when_soft_limited: duration.optional(),
    min_gc_interval_when_hard_limited: duration.optional(),
    max_gc_interval_when_soft_limited: duration.optional(),
    max_gc_interval_when_hard_limited: duration.optional(),
    limit_mib: count.optional(),
    spike_limit_mib: count.optional(),
    limit_percentage: count.max(100).optional(),
    spike_limit_percentage: count.max(100).optional(),
  })
  .refine(
    (limits) => (limits.limit_mib ?? 0) + (limits.limit_percentage ?? 0) > 0,
    "needs limit_percentage or limit_mib",
  )
  .refine(
    ({ limit_percentage = 100, spike_limit_percentage = 0, limit_mib = 1, spike_limit_mib = 0 }) =>
      spike_limit_percentage < limit_percentage && spike_limit_mib < limit_mib,
    "the spike's limit must be below the limit",
  );

const batch = z
  .strictObject({
    timeout: duration.optional(),
    send_batch_size: count.optional(),
    send_batch_max_size: count.optional(),
    metadata_keys: z.array(z.string()).optional(),
    metadata_cardinality_limit: count.optional(),
  })
  .refine(
    ({ send_batch_size = 8192, send_batch_max_size = 0 }) =>
      send_batch_max_size === 0 || send_batch_max_size >= send_batch_size,
    "send_batch_max_size must not be below send_batch_size",
  );

const resource = z.strictObject({
  attributes: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        value: z.union([z.string(), z.number(), z.boolean()]).optional(),
        default_value: z.union([z.string(), z.number(), z.boolean()]).optional(),
        pattern: regularExpression.optional(),
        from_attribute: z.string().optional(),
        from_context: z.string().optional(),
        converted_type: z.enum(["int", "double", "string"]).optional(),
        action: z.enum(["insert", "update", "upsert", "delete", "hash", "extract", "convert"]),
      }),
    )
    .min(1),
});

const awsxray = z.strictObject({
  ...awsSession,
  indexed_attributes: z.array(z.string()).refine(areDifferent, "names an attribute twice").optional(),
  index_all_attributes: z
    .literal(false, "must not be true: annotations are paid for, and anybody who reads traces can search them")
    .optional(),
  aws_log_groups: z.array(z.string().startsWith("/")).optional(),
  telemetry: z
    .strictObject({
      enabled: z.boolean().optional(),
      include_metadata: z.boolean().optional(),
      contributors: z.array(z.string()).optional(),
      hostname: z.string().optional(),
      instance_id: z.string().optional(),
      resource_arn: z.string().optional(),
    })
    .optional(),
});

/** Of what CloudWatch takes, what may be ours; the exporter drops a descriptor with one that CloudWatch does not take. */
const cloudWatchUnit = z.enum([
  "Seconds",
  "Microseconds",
  "Milliseconds",
  "Bytes",
  "Kilobytes",
  "Megabytes",
  "Gigabytes",
  "Percent",
  "Count",
  "Count/Second",
  "None",
]);

const awsemf = z.strictObject({
  ...awsSession,
  log_group_name: z.string().startsWith("/"),
  log_stream_name: z.string().optional(),
  namespace: z.string("must be given").min(1),
  retain_initial_value_of_delta_metric: z.boolean().optional(),
  // Both other values make a metric, which is paid for, of each label alone.
  dimension_rollup_option: z.literal("NoDimensionRollup", "must be NoDimensionRollup"),
  log_retention: z.never("is for Terraform, which makes the log group").optional(),
  tags: z.never("are for Terraform, which makes the log group").optional(),
  parse_json_encoded_attr_values: z.array(z.string()).optional(),
  metric_declarations: z
    .array(
      z.strictObject({
        dimensions: z
          .array(
            z.array(z.string()).max(10, "CloudWatch takes 10 dimensions").refine(areDifferent, "names a label twice"),
          )
          .min(1),
        metric_name_selectors: z.array(regularExpression).min(1),
        label_matchers: z
          .array(
            z.strictObject({
              label_names: z.array(z.string()).min(1),
              separator: z.string().optional(),
              regex: regularExpression,
            }),
          )
          .optional(),
      }),
    )
    .min(1, "must name what becomes a metric: without any, all labels of all metrics are dimensions"),
  metric_descriptors: z
    .array(z.strictObject({ metric_name: z.string().min(1), unit: cloudWatchUnit, overwrite: z.boolean().optional() }))
    .optional(),
  output_destination: z.enum(["cloudwatch", "stdout"]).optional(),
  eks_fargate_container_insights_enabled: z.boolean().optional(),
  resource_to_telemetry_conversion: z
    .strictObject({ enabled: z.boolean(), exclude_service_attributes: z.boolean().optional() })
    .optional(),
  detailed_metrics: z.boolean().optional(),
  version: z.enum(["0", "1"]).optional(),
});

const healthCheck = z.strictObject({
  ...httpServer,
  path: z.string().startsWith("/").optional(),
  response_body: z.strictObject({ healthy: z.string().optional(), unhealthy: z.string().optional() }).optional(),
  check_collector_pipeline: z.never("does not work, says its own README").optional(),
});

export interface ComponentKeys {
  readonly keys: z.ZodType;
  /** What it can carry; all, unless said. */
  readonly signals?: readonly string[];
}

export const KINDS = ["receivers", "processors", "exporters", "extensions"] as const;
export type Kind = (typeof KINDS)[number];

/** By kind and type. */
export const COMPONENTS: Readonly<Record<Kind, Readonly<Record<string, ComponentKeys>>>> = {
  receivers: { otlp: { keys: otlp } },
  processors: {
    memory_limiter: { keys: memoryLimiter },
    batch: { keys: batch },
    resource: { keys: resource },
  },
  exporters: {
    awsxray: { keys: awsxray, signals: ["traces"] },
    awsemf: { keys: awsemf, signals: ["metrics"] },
  },
  extensions: { health_check: { keys: healthCheck } },
};

const ids = z.array(z.string()).refine(areDifferent, "names a component twice");

/** Of the whole file; the components themselves are judged one by one. */
export const DOCUMENT = z.strictObject({
  receivers: z.looseObject({}),
  processors: z.looseObject({}),
  exporters: z.looseObject({}),
  extensions: z.looseObject({}),
  service: z.strictObject({
    extensions: ids,
    pipelines: z.record(z.string(), z.strictObject({ receivers: ids.min(1), processors: ids, exporters: ids.min(1) })),
    telemetry: z.strictObject({
      logs: z.strictObject({
        level: z.enum(["debug", "info", "warn", "error"]).optional(),
        encoding: z.enum(["json", "console"]).optional(),
        development: z.boolean().optional(),
        disable_caller: z.boolean().optional(),
        disable_stacktrace: z.boolean().optional(),
        sampling: z.looseObject({}).optional(),
        output_paths: z.array(z.string()).optional(),
        error_output_paths: z.array(z.string()).optional(),
        initial_fields: z.looseObject({}).optional(),
        processors: z.array(z.looseObject({})).optional(),
        disable_zap_resource: z.boolean().optional(),
      }),
      metrics: z.strictObject({
        level: z.enum(["none", "basic", "normal", "detailed"]),
        readers: z
          .array(
            z.strictObject({
              pull: z.strictObject({
                exporter: z.strictObject({
                  prometheus: z.strictObject({
                    host: z.string(),
                    port: z.int().min(1).max(65_535),
                    with_resource_constant_labels: z.looseObject({}).optional(),
                    without_scope_info: z.boolean().optional(),
                    without_type_suffix: z.boolean().optional(),
                    without_units: z.boolean().optional(),
                  }),
                }),
              }),
            }),
          )
          .min(1, "must have a reader: the collector refuses metrics of its own that nobody reads"),
        views: z.array(z.looseObject({})).optional(),
      }),
      traces: z.looseObject({}).optional(),
      resource: z.looseObject({}).optional(),
    }),
  }),
});

export type CollectorDocument = z.infer<typeof DOCUMENT>;

function areDifferent(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
