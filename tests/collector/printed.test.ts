import { expect, test } from "bun:test";
import { join } from "node:path";
import { coreConfiguration, parseConfiguration } from "./core-configuration.ts";
import { readPrinted } from "./printed.ts";
import { absentFaults, metricFaults, sumFaults } from "./printed-faults.ts";

const resource = (signal: string, service: string) => `Resource${signal} #0
Resource SchemaURL: 
Resource attributes:
     -> service.name: Str(${service})
     -> service.instance.id: Str(1)
Scope${signal} #0
ScopeSpans SchemaURL: 
InstrumentationScope genai-demo 
`;

const SPAN = `Span #0
    Trace ID       : 6567d1f0aabbccddeeff001122334455
    ID             : 0011223344556677
    Name           : GET /x
Attributes:
     -> app.module: Str(payment)
     -> service.name: Str(not a resource's)
	{"resource": {}, "otelcol.component.id": "debug/awsxray"}
`;

const sum = (name: string, unit: string, temporality: string, labels: readonly string[]) => `Metric #0
Descriptor:
     -> Name: ${name}
     -> Description: 
     -> Unit: ${unit}
     -> DataType: Sum
     -> IsMonotonic: true
     -> AggregationTemporality: ${temporality}
NumberDataPoints #0
${labels.length === 0 ? "" : `Data point attributes:\n${labels.map((label) => `     -> ${label}: Str(x)\n`).join("")}`}StartTimestamp: 2026-01-01 00:00:00 +0000 UTC
Timestamp: 2026-01-01 00:00:01 +0000 UTC
Value: 1
`;

const histogram = (name: string, buckets: number) => `Metric #1
Descriptor:
     -> Name: ${name}
     -> Description: how long: it takes
     -> Unit: s
     -> DataType: ExponentialHistogram
     -> AggregationTemporality: Delta
ExponentialHistogramDataPoints #0
Data point attributes:
     -> module: Str(order)
     -> http.route: Str(/x)
StartTimestamp: 2026-01-01 00:00:00 +0000 UTC
Count: 2
${Array.from({ length: buckets }, (_, at) => `Bucket (${at}.000000, ${at + 1}.000000], Count: 1\n`).join("")}ExponentialHistogramDataPoints #1
Data point attributes:
     -> module: Str(order)
Bucket (0.000000, 1.000000], Count: 1
`;

const RIGHT =
  resource("Spans", "order") +
  SPAN +
  resource("Metrics", "payment") +
  sum("orders.created", "{order}", "Delta", ["outcome"]) +
  histogram("http.server.request.duration", 100);

const configuration = (declarations: string, isResourceTold: boolean) =>
  `receivers: {}
processors: {}
extensions: {}
exporters:
  awsemf:
    metric_descriptors: [{ metric_name: orders.created, unit: Count, overwrite: true }]
    metric_declarations: [${declarations}]
    resource_to_telemetry_conversion: { enabled: ${isResourceTold} }
service:
  extensions: []
  pipelines: {}
  telemetry: { logs: {}, metrics: { level: none, readers: [{ pull: { exporter: { prometheus: { host: x, port: 1 } } } }] } }
`;
const declared = (selector: string, dimensions: string, isResourceTold = false) =>
  parseConfiguration(
    configuration(`{ metric_name_selectors: ['${selector}'], dimensions: ${dimensions} }`, isResourceTold),
  );
const DOCUMENT = declared("^orders.created$", "[[], [outcome]]");

test("services, units, labels and buckets are read from what the collector prints", () => {
  const { spanServices, metricServices, metrics } = readPrinted(RIGHT);
  expect([...spanServices]).toEqual(["order"]);
  expect([...metricServices]).toEqual(["payment"]);
  const resourceLabels = ["service.name", "service.instance.id"];
  expect(metrics).toEqual([
    {
      name: "orders.created",
      unit: "{order}",
      temporality: "Delta",
      resourceLabels,
      labelSets: [["outcome"]],
      mostBuckets: 0,
      sum: 1,
    },
    {
      name: "http.server.request.duration",
      unit: "s",
      temporality: "Delta",
      resourceLabels,
      labelSets: [["module", "http.route"], ["module"]],
      mostBuckets: 100,
      sum: 0,
    },
  ]);
  expect(metricFaults(readPrinted(RIGHT), DOCUMENT)).toEqual([]);
});

test("a service that sent nothing is named", () => {
  expect(absentFaults(readPrinted(RIGHT), ["order"])).toEqual(["order sent no metric"]);
  expect(absentFaults(readPrinted(RIGHT), ["payment"])).toEqual(["payment sent no span"]);
});

test("what CloudWatch would not take is named", () => {
  const all = declared(".", "[[]]");
  const faultsOf = (text: string, document = all) => metricFaults(readPrinted(text), document).join("\n");
  expect(faultsOf(RIGHT)).toBe("");
  expect(faultsOf(RIGHT.replace("Temporality: Delta", "Temporality: Cumulative"))).toContain(
    "orders.created is cumulative",
  );
  expect(faultsOf(RIGHT + histogram("slow", 101))).toBe("slow has 101 buckets, and CloudWatch takes 100");
  expect(faultsOf(RIGHT + sum("parcels", "{parcel}", "Delta", []))).toContain("parcels has the unit {parcel}");
  expect(faultsOf(RIGHT + sum("parcels", "1", "Delta", []))).toBe("");
});

test("what no declaration names is no metric, so nothing is wrong with it", () => {
  expect(metricFaults(readPrinted(RIGHT + sum("parcels", "{parcel}", "Delta", [])), DOCUMENT)).toEqual([]);
});

test("a point without one of the dimensions is named, resource and all", () => {
  const faultsOf = (dimensions: string, told = false) =>
    metricFaults(readPrinted(RIGHT), declared("^orders.created$", dimensions, told)).join("\n");
  expect(faultsOf("[[], [outcome]]")).toBe("");
  expect(faultsOf("[[outcome], [outcome, module]]")).toBe(
    "orders.created has points without the labels outcome, module",
  );
  expect(faultsOf("[[service.name]]")).toBe("orders.created has points without the labels service.name");
  expect(faultsOf("[[service.name]]", true)).toBe("");
});

test("increases are summed over all exports", () => {
  const twice = readPrinted(RIGHT + resource("Metrics", "order") + sum("orders.created", "{order}", "Delta", []));
  expect(sumFaults(twice, "orders.created", 2)).toEqual([]);
  expect(sumFaults(twice, "orders.created", 3)).toEqual(["orders.created adds up to 2, not 3"]);
});

test("for the core collector only exporters and ports are others", async () => {
  const file = join(import.meta.dir, "../../k8s/adot-collector/collector.yaml");
  const document = parseConfiguration(await Bun.file(file).text());
  const core = JSON.parse(coreConfiguration(document, { otlp: 1, health: 2, metrics: 3 }));
  expect(core.receivers.otlp.protocols.http.endpoint).toBe("${env:COLLECTOR_ADDRESS}:1");
  expect(core.extensions.health_check.endpoint).toBe("${env:COLLECTOR_ADDRESS}:2");
  expect(core.service.telemetry.metrics.readers[0].pull.exporter.prometheus.port).toBe(3);
  expect(Object.keys(core.exporters)).toEqual(["debug/awsxray", "debug/awsemf"]);
  expect(core.service.pipelines).toEqual({
    traces: { ...document.service.pipelines["traces"], exporters: ["debug/awsxray"] },
    metrics: { ...document.service.pipelines["metrics"], exporters: ["debug/awsemf"] },
  });
  expect(core.processors).toEqual(document.processors);
});
