/** What leaves the process, as a collector on this machine receives it from the SDK's own reader and OTLP exporter. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { AggregationTemporalityPreference, OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import * as z from "zod";
import { defineCounter, defineGauge, defineHistogram } from "./declaration.ts";
import { BUCKETS } from "./exponential-buckets.ts";
import { createMetricProducer } from "./metric-producer.ts";
import { metricsBench } from "./metrics.fixture.ts";

const said = { description: "All of it.", whenHigh: "Nothing." };
const created = defineCounter({ ...said, name: "orders.created", unit: "{order}", labels: {} });
const time = defineHistogram({ ...said, name: "orders.processing.time", unit: "s", labels: { outcome: "how" } });
const memory = defineGauge({ ...said, name: "process.memory.usage", unit: "By", labels: {} });

/** OTLP's JSON, as far as it is looked at. 64-bit numbers may be texts. */
const long = z.union([z.number(), z.string()]).transform(Number);
const point = z.object({
  attributes: z.array(z.object({ key: z.string(), value: z.object({ stringValue: z.string() }) })),
  startTimeUnixNano: z.string(),
  timeUnixNano: z.string(),
});
const numbers = z.array(point.extend({ asDouble: z.number() }));
const exported = z.object({
  resourceMetrics: z.array(
    z.object({
      resource: z.object({ attributes: z.array(z.unknown()) }),
      scopeMetrics: z.array(
        z.object({
          scope: z.object({ name: z.string(), version: z.string() }),
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string(),
              description: z.string(),
              sum: z
                .object({ dataPoints: numbers, aggregationTemporality: z.int(), isMonotonic: z.boolean() })
                .optional(),
              gauge: z.object({ dataPoints: numbers }).optional(),
              exponentialHistogram: z
                .object({
                  aggregationTemporality: z.int(),
                  dataPoints: z.array(
                    point.extend({
                      count: long,
                      sum: z.number(),
                      min: z.number(),
                      max: z.number(),
                      scale: z.int(),
                      zeroCount: long,
                      positive: z.object({ offset: z.int(), bucketCounts: z.array(long) }),
                    }),
                  ),
                })
                .optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** OTLP's number of delta. */
const DELTA = 1;
const received: z.infer<typeof exported>[] = [];
let collector: ReturnType<typeof Bun.serve>;

const listen = (port: number) =>
  Bun.serve({
    hostname: "127.0.0.1",
    port,
    async fetch(request) {
      expect(new URL(request.url).pathname).toBe("/v1/metrics");
      received.push(exported.parse(await request.json()));
      return Response.json({});
    },
  });

beforeAll(() => {
  collector = listen(0);
});
afterAll(() => collector.stop(true));
beforeEach(() => void received.splice(0));

function pipeline() {
  const bench = metricsBench();
  let nowMs = Date.UTC(2026, 0, 1) + 0.25;
  const scope = { name: "genai-demo", version: "9.9.9" };
  const producer = createMetricProducer({ metrics: bench.metrics, clock: { now: () => nowMs }, scope });
  const exporter = new OTLPMetricExporter({
    url: `${collector.url.origin}/v1/metrics`,
    temporalityPreference: AggregationTemporalityPreference.DELTA,
    timeoutMillis: 2_000,
  });
  // The interval is not waited for: each test flushes.
  const options = { exportIntervalMillis: 3_600_000, exportTimeoutMillis: 2_000 };
  const reader = new PeriodicExportingMetricReader({ ...options, exporter, metricProducers: [producer] });
  const provider = new MeterProvider({
    readers: [reader],
    resource: resourceFromAttributes({ "service.name": "order" }),
  });
  return {
    ...bench,
    /** What one export sends. */
    async export(atMs: number) {
      nowMs = Date.UTC(2026, 0, 1) + atMs;
      const before = received.length;
      await reader.forceFlush();
      const sent = received.slice(before).flatMap(({ resourceMetrics }) => resourceMetrics);
      const metrics = sent.flatMap(({ scopeMetrics }) => scopeMetrics).flatMap((each) => each.metrics);
      return { sent, metrics, byName: (name: string) => metrics.find((each) => each.name === name) };
    },
    shutdown: () => provider.shutdown(),
  };
}

test("names, units, texts, scope and resource are ours, and sums are what came since the last export", async () => {
  const { metrics, export: send, shutdown } = pipeline();
  const orders = metrics.counter(created, {}).series({});
  orders.add(3);
  const first = await send(60_000.5);
  expect(first.sent[0]?.scopeMetrics.map(({ scope }) => scope)).toEqual([{ name: "genai-demo", version: "9.9.9" }]);
  expect(JSON.stringify(first.sent[0]?.resource)).toContain('"service.name"');
  expect(first.byName("orders.created")).toMatchObject({ unit: "{order}", description: "All of it." });
  expect(first.byName("orders.created")?.sum).toMatchObject({
    isMonotonic: true,
    aggregationTemporality: DELTA,
    dataPoints: [
      { asDouble: 3, startTimeUnixNano: "1767225600000250000", timeUnixNano: "1767225660000500000", attributes: [] },
    ],
  });
  orders.add(4);
  const second = await send(120_000);
  expect(second.byName("orders.created")?.sum?.dataPoints).toMatchObject([
    { asDouble: 4, startTimeUnixNano: "1767225660000500000", timeUnixNano: "1767225720000000000" },
  ]);
  await shutdown();
});

test("nothing is sent of what has not changed", async () => {
  const { metrics, export: send, shutdown } = pipeline();
  metrics.counter(created, {}).series({}).add(1);
  metrics
    .histogram(time, { outcome: ["confirmed"] })
    .series({ outcome: "confirmed" })
    .record(1);
  expect((await send(1)).metrics).toHaveLength(2);
  expect((await send(2)).metrics).toEqual([]);
  await shutdown();
});

test("a histogram is exponential with at most 100 buckets, each export with its own counts and extremes", async () => {
  const { metrics, export: send, shutdown } = pipeline();
  const series = metrics.histogram(time, { outcome: ["confirmed"] }).series({ outcome: "confirmed" });
  const everyBucket = Array.from({ length: 400 }, (_, index) => 1e-7 * 1.07 ** index);
  for (const seconds of everyBucket) series.record(seconds);
  const first = (await send(1)).byName("orders.processing.time");
  expect(first?.unit).toBe("s");
  expect(first?.exponentialHistogram?.aggregationTemporality).toBe(DELTA);
  const [wide] = first?.exponentialHistogram?.dataPoints ?? [];
  expect(wide?.attributes).toEqual([{ key: "outcome", value: { stringValue: "confirmed" } }]);
  expect(wide).toMatchObject({ scale: 2, count: 400, zeroCount: 0, min: everyBucket[0], max: everyBucket.at(-1) });
  expect(wide?.positive.bucketCounts).toHaveLength(BUCKETS);
  expect(BUCKETS).toBeLessThanOrEqual(100);
  expect(wide?.positive.bucketCounts.reduce((all, each) => all + each, 0)).toBe(400);

  for (const seconds of [0.5, 0.6, 0.6, 2]) series.record(seconds);
  const [narrow] = (await send(2)).byName("orders.processing.time")?.exponentialHistogram?.dataPoints ?? [];
  expect(narrow).toMatchObject({ count: 4, min: 0.5, max: 2 });
  expect(narrow?.sum).toBeCloseTo(3.7, 9);
  // Bucket i holds what is above 2^(i/4) and at most 2^((i+1)/4): 0.5 is the last of bucket -5, 2 that of bucket 3.
  expect(narrow?.positive).toEqual({ offset: -5, bucketCounts: [1, 0, 2, 0, 0, 0, 0, 0, 1] });
  await shutdown();
});

test("a gauge is sent as it is, and only its declared labels are", async () => {
  const { metrics, export: send, shutdown } = pipeline();
  const resident = metrics.gauge(memory, {}).series({});
  let value = 5;
  metrics.observe(() => [{ series: resident, value: value++ }]);
  const strangers = metrics.histogram(time, { outcome: ["confirmed"] });
  for (let index = 0; index < 50; index++) strangers.series({ outcome: `order ${index}` }).record(1);
  const { byName } = await send(1);
  expect(byName("process.memory.usage")).toMatchObject({ unit: "By", gauge: { dataPoints: [{ asDouble: 5 }] } });
  const spread = byName("orders.processing.time")?.exponentialHistogram?.dataPoints;
  expect(spread).toMatchObject([{ count: 50, attributes: [{ key: "outcome", value: { stringValue: "other" } }] }]);
  expect((await send(2)).byName("process.memory.usage")?.gauge?.dataPoints).toMatchObject([{ asDouble: 6 }]);
  await shutdown();
});

test("what a collector that is away has not taken is lost, and not added to what comes next", async () => {
  const { metrics, export: send, shutdown } = pipeline();
  const orders = metrics.counter(created, {}).series({});
  const { port = 0 } = collector;
  orders.add(1);
  await collector.stop(true);
  expect((await send(1)).metrics).toEqual([]);
  collector = listen(port);
  orders.add(2);
  expect((await send(2)).byName("orders.created")?.sum?.dataPoints).toMatchObject([{ asDouble: 2 }]);
  await shutdown();
});
