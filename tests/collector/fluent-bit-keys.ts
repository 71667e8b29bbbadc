/**
 * The plugins of Fluent Bit that our configuration uses, with all keys that each understands, as the documentation of
 * 5.0 lists them:
 * https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml/service-section
 * https://docs.fluentbit.io/manual/pipeline/inputs/tail
 * https://docs.fluentbit.io/manual/pipeline/filters/kubernetes
 * https://docs.fluentbit.io/manual/pipeline/filters/modify
 * https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch
 * https://docs.fluentbit.io/manual/pipeline/buffering
 */
import * as z from "zod";

/** As YAML gives it: `on` and `off` are texts there. */
const flag = z.union([z.boolean(), z.enum(["on", "off", "true", "false", "yes", "no"])], "must be on or off");
const size = z.coerce.string().regex(/^\d+[kKmMgG]?[bB]?$/, "must be a size such as 64k");
const whole = z.int().nonnegative();
const seconds = z.number().positive();
const text = z.string().min(1);
const texts = z.union([text, z.array(text).min(1)], "must be a text or a list of texts");
const level = z.enum(["off", "error", "warn", "info", "debug", "trace"]);

/** A part of the pipeline that is given its records by the tag. */
const matched = { match: text.optional(), match_regex: text.optional() };
const plugin = { name: text, alias: text.optional(), log_level: level.optional() };

const optional = (type: z.ZodType, keys: readonly string[]): Readonly<Record<string, z.ZodType>> =>
  Object.fromEntries(keys.map((key) => [key, type.optional()]));

export const SERVICE = z.strictObject({
  flush: seconds.optional(),
  log_level: level.optional(),
  ...optional(whole, ["grace", "hc_errors_count", "hc_period", "hc_retry_failure_count", "coro_stack_size"]),
  ...optional(flag, ["daemon", "health_check", "http_server", "hot_reload", "dns.prefer_ipv4", "dns.prefer_ipv6"]),
  ...optional(text, ["http_listen", "log_file", "plugins_file", "streams_file", "dns.mode", "dns.resolver"]),
  ...optional(texts, ["parsers_file"]),
  http_port: z.int().min(1).max(65_535).optional(),
  multiline_buffer_limit: size.optional(),
  ...optional(whole, ["scheduler.base", "scheduler.cap", "storage.max_chunks_up"]),
  ...optional(text, ["storage.path", "storage.rejected.path"]),
  ...optional(flag, [
    "storage.backlog.flush_on_shutdown",
    "storage.checksum",
    "storage.delete_irrecoverable_chunks",
    "storage.inherit",
    "storage.keep.rejected",
    "storage.metrics",
    "storage.trim_files",
  ]),
  ...optional(size, ["storage.backlog.mem_limit", "storage.rejected.limit"]),
  "storage.sync": z.enum(["normal", "full"]).optional(),
  "storage.type": z.enum(["memory", "filesystem", "memrb"]).optional(),
});

const tail = z
  .strictObject({
    ...plugin,
    tag: text,
    path: text,
    db: text.optional(),
    ...optional(text, ["tag_regex", "exclude_path", "key", "offset_key", "path_key", "ignore_older", "parser"]),
    ...optional(text, ["docker_mode_parser", "generic.encoding", "unicode.encoding", "watcher_interval"]),
    "multiline.parser": text.optional(),
    "db.sync": z.enum(["extra", "full", "normal", "off"]).optional(),
    "db.journal_mode": text.optional(),
    ...optional(flag, [
      "db.compare_filename",
      "db.locking",
      "docker_mode",
      "exit_on_eof",
      "file_cache_advise",
      "ignore_active_older_files",
      "inotify_watcher",
      "read_from_head",
      "read_newly_discovered_files_from_head",
      "skip_empty_lines",
      "skip_long_lines",
      "truncate_long_lines",
      "threaded",
      "storage.pause_on_chunks_overlimit",
    ]),
    ...optional(size, [
      "buffer_chunk_size",
      "buffer_max_size",
      "event_batch_size",
      "static_batch_size",
      "mem_buf_limit",
    ]),
    ...optional(whole, ["docker_mode_flush", "refresh_interval", "rotate_wait", "progress_check_interval_nsec"]),
    ...optional(whole, ["thread.ring_buffer.capacity", "thread.ring_buffer.window"]),
    progress_check_interval: text.optional(),
    "storage.type": z.enum(["memory", "filesystem", "memrb"]).optional(),
  })
  .refine(({ db }) => db !== undefined, "needs db: without it a restart loses its place")
  .refine(
    (input) => input["storage.type"] === "filesystem",
    "needs storage.type: filesystem: in memory an outage of CloudWatch loses lines",
  );

const kubernetes = z.strictObject({
  ...plugin,
  ...matched,
  ...optional(flag, [
    "annotations",
    "aws_pod_association_host_tls_verify",
    "aws_use_pod_association",
    "cache_use_docker_id",
    "dummy_meta",
    "k8s-logging.exclude",
    "k8s-logging.parser",
    "keep_log",
    "labels",
    "merge_log",
    "merge_log_trim",
    "namespace_annotations",
    "namespace_labels",
    "namespace_metadata_only",
    "owner_references",
    "tls.verify",
    "tls.verify_hostname",
    "use_journal",
    "use_kubelet",
    "use_tag_for_meta",
  ]),
  ...optional(text, [
    "aws_pod_association_endpoint",
    "aws_pod_association_host",
    "aws_pod_association_host_client_cert_file",
    "aws_pod_association_host_client_key_file",
    "aws_pod_association_host_server_ca_file",
    "aws_pod_service_preload_cache_dir",
    "kube_ca_file",
    "kube_ca_path",
    "kube_meta_preload_cache_dir",
    "kube_namespace_file",
    "kube_tag_prefix",
    "kube_token_command",
    "kube_token_file",
    "kube_url",
    "kubelet_host",
    "merge_log_key",
    "merge_parser",
    "regex_parser",
    "set_platform",
    "tls.vhost",
  ]),
  ...optional(whole, [
    "aws_pod_association_host_tls_debug",
    "aws_pod_association_port",
    "aws_pod_service_map_refresh_interval",
    "aws_pod_service_map_ttl",
    "dns_retries",
    "dns_wait_time",
    "kube_meta_cache_ttl",
    "kube_meta_namespace_cache_ttl",
    "kube_token_ttl",
    "kubelet_port",
    "tls.debug",
  ]),
  buffer_size: size.optional(),
});

const modify = z.strictObject({
  ...plugin,
  ...matched,
  ...optional(texts, ["set", "add", "remove", "remove_wildcard", "remove_regex", "rename", "hard_rename", "copy"]),
  ...optional(texts, ["hard_copy", "move_to_start", "move_to_end", "condition"]),
});

const cloudwatch = z
  .strictObject({
    ...plugin,
    ...matched,
    region: text,
    log_group_name: text.startsWith("/"),
    log_stream_name: text.optional(),
    log_stream_prefix: text.optional(),
    ...optional(text, ["log_group_template", "log_stream_template"]),
    ...optional(text, ["endpoint", "external_id", "extra_user_agent", "log_format", "log_key", "metric_dimensions"]),
    ...optional(text, ["metric_namespace", "profile", "role_arn", "sts_endpoint"]),
    auto_create_group: z
      .union(
        [z.literal(false), z.enum(["off", "false", "no"])],
        "must be off: Terraform makes the group, with its retention",
      )
      .optional(),
    log_retention_days: z.never("is for Terraform, which makes the log group").optional(),
    log_group_class: z.never("is for Terraform, which makes the log group").optional(),
    ...optional(flag, ["add_entity", "auto_retry_requests"]),
    log_suppress_interval: whole.optional(),
    retry_limit: z.union([z.int().positive(), z.enum(["no_limits", "no_retries", "false", "off"])]).optional(),
    workers: whole.optional(),
    "storage.total_limit_size": size.optional(),
  })
  .refine(
    (output) => output["storage.total_limit_size"] !== undefined,
    "needs storage.total_limit_size: without it an outage fills the node's disk",
  )
  .refine(
    (output) => (output.log_stream_name === undefined) !== (output.log_stream_prefix === undefined),
    "needs either log_stream_name or log_stream_prefix, not both",
  );

export const PLUGIN_KINDS = ["inputs", "filters", "outputs"] as const;
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** By kind and name. What is not here is not used: an output to anywhere else is a leak. */
export const PLUGINS: Readonly<Record<PluginKind, Readonly<Record<string, z.ZodType>>>> = {
  inputs: { tail },
  filters: { kubernetes, modify },
  outputs: { cloudwatch_logs: cloudwatch },
};

const parts = z.array(z.looseObject({ name: text }, "must be a plugin with a name")).min(1);
const named = z.array(z.looseObject({ name: text }));

/** Of the whole file; the plugins themselves are judged one by one. */
export const DOCUMENT = z.strictObject({
  service: z.looseObject({}),
  parsers: named.optional(),
  multiline_parsers: named.optional(),
  pipeline: z.strictObject({ inputs: parts, filters: parts, outputs: parts }),
});

export type FluentBitDocument = z.infer<typeof DOCUMENT>;

/** Multiline parsers that are there without being declared. */
export const BUILT_IN_MULTILINE_PARSERS: readonly string[] = ["cri", "docker", "go", "java", "python", "ruby"];
