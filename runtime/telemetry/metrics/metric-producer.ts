/**
 * Gives the process's metrics to OpenTelemetry's SDK, which exports them. Only whoever exports may import this file: the
 * SDK behind it costs 140 ms and 35 MB, and nothing is recorded through it.
 *
 * What is handed over is the change since the last collection (delta): sums, and exponential histograms of at most 100
 * buckets; gauges as they are. Series in which nothing has happened are left out. What the exporter then loses, because
 * the collector is down, is lost: it is not added to the next time, as with the SDK's own instruments.
 */
import { ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type ExponentialHistogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Clock } from "../../clock.ts";
import { hrTimeOf } from "../hr-time.ts";
import type { MetricDeclaration } from "./declaration.ts";
import { FIRST_INDEX, SCALE } from "./exponential-buckets.ts";
import type { Collected, CollectedMetrics } from "./metrics.ts";
import type { CounterSeries, HistogramSeries, Labels } from "./series.ts";

export interface MetricProducerDeps {
  readonly metrics: Pick<CollectedMetrics, "collect">;
  readonly clock: Clock;
  /** Names what the metrics come from: the instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
}

/** How a histogram stood when it was last handed over. */
interface Counted {
  readonly count: number;
  readonly sum: number;
  readonly buckets: Float64Array;
}

/** For `metricProducers` of one reader: each collection takes what has come since the one before. */
export function createMetricProducer({ metrics, clock, scope }: MetricProducerDeps): MetricProducer {
  const sums = new WeakMap<CounterSeries, number>();
  const spreads = new WeakMap<HistogramSeries, Counted>();
  let sinceMs = clock.now();

  function pointsOf(collected: Collected, point: Pointing): MetricData | undefined {
    const descriptor = descriptorOf(collected.declaration);
    const base = { descriptor, aggregationTemporality: AggregationTemporality.DELTA };
    switch (collected.kind) {
      case "counter": {
        const dataPoints = collected.series.flatMap((each) => sumSince(each, point));
        return some({ ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints });
      }
      case "histogram": {
        const dataPoints = collected.series.flatMap((each) => spreadSince(each, point));
        return some({ ...base, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints });
      }
      case "gauge": {
        const dataPoints = collected.series.map(({ labels, value }) => point(labels, value));
        return some({ ...base, dataPointType: DataPointType.GAUGE, dataPoints });
      }
    }
  }

  function sumSince(series: CounterSeries, point: Pointing): readonly DataPoint<number>[] {
    const grown = series.value - (sums.get(series) ?? 0);
    sums.set(series, series.value);
    return grown === 0 ? [] : [point(series.labels, grown)];
  }

  function spreadSince(series: HistogramSeries, point: Pointing): readonly DataPoint<ExponentialHistogram>[] {
    const before = spreads.get(series);
    const count = series.count - (before?.count ?? 0);
    if (count === 0) return [];
    const counts = Array.from(series.buckets, (each, place) => each - (before?.buckets[place] ?? 0));
    const sum = series.sum - (before?.sum ?? 0);
    spreads.set(series, { count: series.count, sum: series.sum, buckets: series.buckets.slice() });
    const first = counts.findIndex((each) => each > 0);
    const last = counts.findLastIndex((each) => each > 0);
    return [
      point(series.labels, {
        count,
        sum,
        scale: SCALE,
        zeroCount: 0,
        positive: { offset: FIRST_INDEX + first, bucketCounts: counts.slice(first, last + 1) },
        negative: { offset: 0, bucketCounts: [] },
        ...series.takeExtremes(),
      }),
    ];
  }

  return {
    async collect() {
      const collected = await metrics.collect();
      const endMs = clock.now();
      // A clock that was set back must not make a time that ends before it begins.
      const startTime = hrTimeOf(Math.min(sinceMs, endMs));
      const endTime = hrTimeOf(endMs);
      sinceMs = endMs;
      const point: Pointing = (attributes, value) => ({ attributes, value, startTime, endTime });
      const data = collected.flatMap((each) => pointsOf(each, point) ?? []);
      // The reader puts its own resource in its place.
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics: data }] }, errors: [] };
    },
  };
}

type Pointing = <Value>(labels: Labels, value: Value) => DataPoint<Value>;

const some = (data: MetricData) => (data.dataPoints.length > 0 ? data : undefined);

const descriptorOf = ({ name, description, unit }: MetricDeclaration) => ({
  name,
  description,
  unit,
  valueType: ValueType.DOUBLE,
});
