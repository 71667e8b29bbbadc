/**
 * What CloudWatch and its exporter would do to the metrics that came, which nobody sees here: a unit that CloudWatch does
 * not know, more than a hundred values of a histogram, dimensions that no point has.
 */
import type { CollectorDocument } from "./collector-keys.ts";
import { type Declared, declaredIn } from "./declared-metrics.ts";
import type { Printed, PrintedMetric } from "./printed.ts";

/** CloudWatch takes this many values of a metric at once. */
const MOST_BUCKETS = 100;

/** Services of which nothing came. */
export function absentFaults(printed: Printed, services: readonly string[]): readonly string[] {
  const absent = (signal: string, seen: ReadonlySet<string>) =>
    services.filter((service) => !seen.has(service)).map((service) => `${service} sent no ${signal}`);
  return [...absent("span", printed.spanServices), ...absent("metric", printed.metricServices)];
}

/** What is wrong with the metrics that came, by the `awsemf` exporter of our configuration. */
export function metricFaults({ metrics }: Printed, document: CollectorDocument): readonly string[] {
  const declared = declaredIn(document);
  const faults = metrics.flatMap((metric) => {
    const { name, unit, temporality, mostBuckets } = metric;
    if (!declared.isDeclared(name)) return [];
    return [
      ...(temporality === "Cumulative"
        ? [`${name} is cumulative: CloudWatch takes what came since the last time`]
        : []),
      ...(declared.isUnitKnown(name, unit)
        ? []
        : [`${name} has the unit ${unit}, which CloudWatch does not know: add it to metric_descriptors`]),
      ...(mostBuckets <= MOST_BUCKETS
        ? []
        : [`${name} has ${mostBuckets} buckets, and CloudWatch takes ${MOST_BUCKETS}`]),
      ...dimensionFaults(metric, declared),
    ];
  });
  return [...new Set(faults)];
}

/** A point without one of its dimensions is no metric. */
function dimensionFaults({ name, labelSets, resourceLabels }: PrintedMetric, declared: Declared): readonly string[] {
  const ofResource = declared.isResourceTold ? resourceLabels : [];
  return declared.dimensionsOf(name).flatMap((labels) => {
    const has = (set: readonly string[]) => labels.every((label) => set.includes(label) || ofResource.includes(label));
    return labelSets.every(has) ? [] : [`${name} has points without the labels ${labels.join(", ")}`];
  });
}

/** A counter whose increases, over all exports of all processes, do not make up what has happened. */
export function sumFaults({ metrics }: Printed, name: string, wanted: number): readonly string[] {
  const sum = metrics.filter((metric) => metric.name === name).reduce((total, metric) => total + metric.sum, 0);
  return sum === wanted ? [] : [`${name} adds up to ${sum}, not ${wanted}`];
}
