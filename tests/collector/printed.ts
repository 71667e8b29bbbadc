/** What came out of the collector, as its debug exporter prints it in detail: services, and of each metric its shape. */

export interface PrintedMetric {
  readonly name: string;
  readonly unit: string;
  /** `Delta`, `Cumulative`; none of a gauge. */
  readonly temporality: string | null;
  /** What its resource says of the process, by name. */
  readonly resourceLabels: readonly string[];
  /** The names of each point's labels. */
  readonly labelSets: readonly (readonly string[])[];
  /** Of its largest exponential histogram. */
  readonly mostBuckets: number;
  /** Of its points that are single numbers. */
  readonly sum: number;
}

export interface Printed {
  /** By `service.name` of the resource. */
  readonly spanServices: ReadonlySet<string>;
  readonly metricServices: ReadonlySet<string>;
  /** As often as they came. */
  readonly metrics: readonly PrintedMetric[];
}

/** Reads all of it. */
export function readPrinted(text: string): Printed {
  const resources = text.split(/^(?=Resource(?:Spans|Metrics) #\d)/m);
  const of = (signal: string) => resources.filter((resource) => resource.startsWith(`Resource${signal} #`));
  return {
    spanServices: new Set(of("Spans").map(serviceOf)),
    metricServices: new Set(of("Metrics").map(serviceOf)),
    metrics: of("Metrics").flatMap((resource) => {
      const [head = "", ...blocks] = resource.split(/^(?=Metric #\d)/m);
      const resourceLabels = labelsUnder("Resource attributes", head);
      return blocks.map((block) => readMetric(block, resourceLabels));
    }),
  };
}

/** Attributes of the resource stand before those of anything in it. */
const serviceOf = (resource: string): string => /^ +-> service\.name: Str\((.*)\)$/m.exec(resource)?.[1] ?? "";

function readMetric(block: string, resourceLabels: readonly string[]): PrintedMetric {
  const [head = "", ...points] = block.split(/^(?=\w+DataPoints #\d)/m);
  const said = (key: string) => new RegExp(`^ +-> ${key}: (.*)$`, "m").exec(head)?.[1];
  return {
    name: said("Name") ?? "",
    unit: said("Unit") ?? "",
    temporality: said("AggregationTemporality") ?? null,
    resourceLabels,
    labelSets: points.map((point) => labelsUnder("Data point attributes", point)),
    mostBuckets: Math.max(0, ...points.map((point) => point.match(/^Bucket /gm)?.length ?? 0)),
    sum: points.reduce((sum, point) => sum + Number(/^Value: (\S+)$/m.exec(point)?.[1] ?? 0), 0),
  };
}

function labelsUnder(header: string, text: string): readonly string[] {
  const attributes = new RegExp(`^${header}:\\n((?: +-> .*\\n)+)`, "m").exec(text)?.[1] ?? "";
  return [...attributes.matchAll(/^ +-> ([^:]+):/gm)].map(([, name = ""]) => name);
}
