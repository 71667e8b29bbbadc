/** Both configurations are right, and each fault that is planted into them is found and told of by a line of its own. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { lintCollector } from "./collector-lint.ts";
import { lintFluentBit } from "./fluent-bit-lint.ts";

const ROOT = join(import.meta.dir, "..", "..");
const collector = await Bun.file(join(ROOT, "k8s/adot-collector/collector.yaml")).text();
const fluentBit = await Bun.file(join(ROOT, "k8s/fluent-bit/fluent-bit.yaml")).text();

type Planted = readonly [what: string, from: string | RegExp, to: string, line: string];

/** The text with a fault in it; throws when the place for it is gone. */
function plant(text: string, [what, from, to]: Planted): string {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`${what}: nothing in the file is like ${String(from)}`);
  return changed;
}

const inCollector: readonly Planted[] = [
  ["text that is no YAML", "extensions:\n", "extensions: [\n", "is no YAML"],
  ["an unknown section", "\nreceivers:", "\nrecievers: {}\n\nreceivers:", "there is no key recievers"],
  ["a section that is missing", /\nexporters:[\s\S]*?\nservice:/, "\nservice:", "exporters: Invalid input"],
  ["a key that stands twice", "    timeout: 1s\n", "    timeout: 1s\n    timeout: 2s\n", "timeout stands twice"],
  ["an unknown kind of part", "  awsemf:\n", "  awsemf2:\n", "exporters → awsemf2: there is no such part"],
  [
    "an unknown key of a receiver",
    "max_request_body_size",
    "max_body_size",
    "otlp → protocols → http: there is no key",
  ],
  ["an unknown key of a processor", "check_interval", "check_intervall", "there is no key check_intervall"],
  [
    "an unknown key of an exporter",
    "indexed_attributes",
    "index_attributes",
    "awsxray: there is no key index_attributes",
  ],
  ["an unknown key of an extension", "13133\n", "13133\n    port: 1\n", "health_check: there is no key port"],
  [
    "an unknown key of the service",
    "  telemetry:\n",
    "  telemtry: {}\n  telemetry:\n",
    "service: there is no key telemtry",
  ],
  ["an endpoint without a port", ":4318\n", "\n", "endpoint: must be an address with a port"],
  ["a duration without a unit", "timeout: 10s", 'timeout: "10"', "timeout: must be a duration"],
  ["limits the wrong way round", "spike_limit_percentage: 20", "spike_limit_percentage: 80", "below the limit"],
  [
    "a largest batch below the usual one",
    "send_batch_max_size: 50\n",
    "send_batch_max_size: 5\n",
    "send_batch_max_size",
  ],
  ["an unknown action", "action: insert", "action: inject", "attributes → 0 → action"],
  ["a receiver that is not declared", "receivers: [otlp]", "receivers: [otlp, zipkin]", "zipkin is not declared"],
  ["a processor that is not declared", "batch/traces]", "batch/spans]", "batch/spans is not declared"],
  ["a processor that no pipeline uses", "resource/cluster, ", "", "processors → resource/cluster: no pipeline uses it"],
  ["an exporter of another signal", "exporters: [awsemf]", "exporters: [awsxray, awsemf]", "awsxray carries traces"],
  ["a pipeline of no signal", "    traces:\n      receivers", "    spans:\n      receivers", "is no signal"],
  ["a pipeline that names a part twice", "receivers: [otlp]", "receivers: [otlp, otlp]", "names a component twice"],
  [
    "a limiter that is not first",
    "[memory_limiter, resource/cluster, b",
    "[resource/cluster, memory_limiter, b",
    "first",
  ],
  [
    "a batch that is not last",
    "resource/cluster, batch/traces",
    "batch/traces, resource/cluster",
    "batch must be the last",
  ],
  ["an extension that is not listed", "  extensions: [health_check]", "  extensions: []", "it is never started"],
  ["a listed extension that is not declared", "[health_check]", "[health_check, pprof]", "pprof is not declared"],
  ["a variable that is told of nowhere", "${env:CLUSTER_NAME}", "${env:CLUSTER}", "${CLUSTER} is used"],
  ["a variable that nothing uses", "${env:CLUSTER_NAME}", "here", "tells of CLUSTER_NAME"],
  ["a variable as it was once written", "${env:CLUSTER_NAME}", "${CLUSTER_NAME}", "write ${env:NAME}"],
  [
    "an exporter without a region",
    "    region: ${env:AWS_REGION}\n    namespace",
    "    namespace",
    "region: must be given",
  ],
  ["a certificate that is not checked", "    namespace:", "    no_verify_ssl: true\n    namespace:", "any certificate"],
  [
    "all attributes as annotations",
    "    aws_log",
    "    index_all_attributes: true\n    aws_log",
    "index_all_attributes",
  ],
  ["a roll-up of dimensions", "NoDimensionRollup", "ZeroAndSingleDimensionRollup", "must be NoDimensionRollup"],
  [
    "a retention beside Terraform's",
    '    version: "1"',
    '    log_retention: 7\n    version: "1"',
    "log_retention: is for Terraform",
  ],
  ["a unit that CloudWatch does not know", "unit: Count", "unit: orders", "metric_descriptors → 0 → unit"],
  ["a selector that is no expression", "'^orders\\.created$'", "'^orders(created$'", "must be a regular expression"],
  ["a label that stands twice", "[module, status]", "[module, module]", "names a label twice"],
  ["nobody to read its own metrics", /readers:[\s\S]*$/, "readers: []\n", "must have a reader"],
];

const inFluentBit: readonly Planted[] = [
  ["text that is no YAML", "pipeline:\n", "pipeline: {\n", "is no YAML"],
  ["an unknown section", "\npipeline:", "\nfilters: []\n\npipeline:", "there is no key filters"],
  ["an unknown kind of part", "  outputs:\n", "  ouputs:\n", "there is no key ouputs"],
  ["a key that stands twice", "  flush: 1\n", "  flush: 1\n  flush: 5\n", "flush stands twice"],
  ["an unknown key of the service", "storage.metrics", "storage.metric", "service: there is no key storage.metric"],
  ["an unknown key of an input", "rotate_wait", "rotate_wait_ms", "1 (tail): there is no key rotate_wait_ms"],
  ["an unknown key of a filter", "merge_log_trim", "merge_trim", "2 (kubernetes): there is no key merge_trim"],
  [
    "an unknown key of an output",
    "log_stream_template",
    "log_stream",
    "1 (cloudwatch_logs): there is no key log_stream",
  ],
  ["an unknown plugin", "name: tail", "name: tails", "(tails): there is no such plugin"],
  ["a way out of the account", "name: cloudwatch_logs", "name: stdout", "(stdout): there is no such plugin"],
  ["a value that is no switch", "keep_log: off", "keep_log: never", "keep_log: must be on or off"],
  ["a value that is no size", "buffer_max_size: 512k", "buffer_max_size: half", "must be a size"],
  ["a parser that is not declared", "multiline.parser: cri", "multiline.parser: crio", "no parser crio"],
  [
    "a parser of lines that is not declared",
    "      merge_log: on",
    "      merge_log: on\n      merge_parser: ours",
    "no parser ours",
  ],
  [
    "a parser that nothing uses",
    "\npipeline:",
    "\nparsers:\n  - name: ours\n    format: json\n\npipeline:",
    "parsers → ours: nothing uses",
  ],
  [
    "a filter that no tag matches",
    "- name: kubernetes\n      match: kube.*",
    "- name: kubernetes\n      match: k8s.*",
    "no tag matches k8s.*",
  ],
  [
    "an output that no tag matches",
    "alias: application\n      match: kube.*",
    "alias: application\n      match: app.*",
    "no output takes",
  ],
  ["a filter without a match", "- name: kubernetes\n      match: kube.*\n", "- name: kubernetes\n", "has no match"],
  ["a prefix that no tag has", "kube_tag_prefix: kube.var.", "kube_tag_prefix: kube.log.", "no tag begins with"],
  ["an alias that belongs to another", "alias: application", "alias: containers", "belongs to another part"],
  ["no place for offsets", / {6}db: .*\n/, "", "needs db"],
  ["a buffer in memory", "storage.type: filesystem", "storage.type: memory", "needs storage.type: filesystem"],
  ["no place for the buffer", / {2}storage.path: .*\n/, "", "there is no storage.path"],
  ["a buffer without a limit", / {6}storage.total_limit_size: .*\n/, "", "fills the node's disk"],
  ["no health endpoint", "health_check: on", "health_check: off", "no probe is answered"],
  ["a group that it makes itself", "auto_create_group: false", "auto_create_group: true", "Terraform makes the group"],
  [
    "a retention beside Terraform's",
    "      workers: 1",
    "      log_retention_days: 7\n      workers: 1",
    "is for Terraform",
  ],
  ["two names of a stream", "      workers: 1", "      log_stream_name: all\n      workers: 1", "not both"],
  ["a variable that is told of nowhere", "node ${NODE_NAME}", "node ${HOSTNAME}", "${HOSTNAME} is used"],
  ["a variable that nothing uses", "node ${NODE_NAME}", "node here", "tells of NODE_NAME"],
];

test("the collector's configuration has no fault", () => {
  expect(lintCollector(collector)).toEqual([]);
});

test("Fluent Bit's configuration has no fault", () => {
  expect(lintFluentBit(fluentBit)).toEqual([]);
});

test.each(inCollector.map((planted) => [planted[0], planted] as const))("collector: %s", (_, planted) => {
  expect(lintCollector(plant(collector, planted)).join("\n")).toContain(planted[3]);
});

test.each(inFluentBit.map((planted) => [planted[0], planted] as const))("Fluent Bit: %s", (_, planted) => {
  expect(lintFluentBit(plant(fluentBit, planted)).join("\n")).toContain(planted[3]);
});
