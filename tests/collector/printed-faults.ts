/**
 * What CloudWatch and its exporter would do to the metrics that came, which nobody sees here: a unit that CloudWatch does
 * not know, more than a hundred values of a histogram, a declaration that nothing fulfils.
 */
import * as z from "zod";
import type { CollectorDocument } from "./collector-keys.ts";
import type { Printed, PrintedMetric } from "./printed.ts";

/** Units that the exporter translates; every other is handed on as it is. */
const TRANSLATED_UNITS: ReadonlySet<string> = new Set(["", "1", "ns", "us", "ms", "s", "By", "bit"]);
/** CloudWatch takes this many values of a metric at once. */
const MOST_BUCKETS = 100;

const settings = z.looseObject({
  metric_descriptors: z.array(z.looseObject({ metric_name: z.string() })).default([]),
  metric_declarations: z.array(
    z.looseObject({ metric_name_selectors: z.array(z.string()), dimensions: z.array(z.array(z.string())) }),
  ),
});

/** Services of which nothing came. */
export function absentFaults(printed: Printed, services: readonly string[]): readonly string[] {
  const absent = (signal: string, seen: ReadonlySet<string>) =>
    services.filter((service) => !seen.has(service)).map((service) => `${service} sent no ${signal}`);
  return [...absent("span", printed.spanServices), ...absent("metric", printed.metricServices)];
}

/** What is wrong with the metrics, by the `awsemf` exporter of our configuration. */
export function metricFaults({ metrics }: Printed, document: CollectorDocument): readonly string[] {
  const { metric_descriptors, metric_declarations } = settings.parse(document.exporters["awsemf"]);
  const described = new Set(metric_descriptors.map(({ metric_name }) => metric_name));
  const ofMetrics = metrics.flatMap(({ name, unit, temporality, mostBuckets }) => [
    ...(temporality === "Cumulative" ? [`${name} is cumulative: CloudWatch takes what came since the last time`] : []),
    ...(TRANSLATED_UNITS.has(unit) || described.has(name)
      ? []
      : [`${name} has the unit ${unit}, which CloudWatch does not know: add it to metric_descriptors`]),
    ...(mostBuckets <= MOST_BUCKETS
      ? []
      : [`${name} has ${mostBuckets} buckets, and CloudWatch takes ${MOST_BUCKETS}`]),
  ]);
  const ofDeclarations = metric_declarations.flatMap(({ metric_name_selectors, dimensions }) =>
    metric_name_selectors.flatMap((selector) => {
      const selected = metrics.filter(({ name }) => new RegExp(selector).test(name));
      if (selected.length === 0) return [`metric_declarations: no metric that came is like ${selector}`];
      return dimensions
        .filter((labels) => !selected.some((metric) => hasLabels(metric, labels)))
        .map((labels) => `metric_declarations: no point of ${selector} has the labels ${labels.join(", ")}`);
    }),
  );
  return [...new Set([...ofMetrics, ...ofDeclarations])];
}

const hasLabels = ({ labelSets }: PrintedMetric, labels: readonly string[]): boolean =>
  labelSets.some((set) => labels.every((label) => set.includes(label)));
