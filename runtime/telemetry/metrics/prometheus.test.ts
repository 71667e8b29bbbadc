import { describe, expect, test } from "bun:test";
import { provideOrSkip } from "../../../tests/provision/missing.ts";
import { providePrometheusParser } from "../../../tests/provision/prometheus-parser.ts";
import { RUNTIME_METRICS } from "./catalogue.ts";
import { defineCounter, defineGauge, defineHistogram } from "./declaration.ts";
import { metricsBench } from "./metrics.fixture.ts";
import { prometheusName, prometheusText } from "./prometheus.ts";

const said = { description: "All of it.", whenHigh: "Nothing." };
const created = defineCounter({ ...said, name: "orders.created", unit: "{order}", labels: {} });
const time = defineHistogram({ ...said, name: "orders.processing.time", unit: "s", labels: { "the.outcome": "how" } });
const memory = defineGauge({ ...said, name: "process.memory.usage", unit: "By", labels: {} });

describe("names", () => {
  test("have underscores, the unit, and total where they count", () => {
    expect([created, time, memory].map(prometheusName)).toEqual([
      "orders_created_total",
      "orders_processing_time_seconds",
      "process_memory_usage_bytes",
    ]);
  });

  test("of all metrics of the runtime differ, and are valid", () => {
    const names = RUNTIME_METRICS.map(prometheusName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  });
});

test("a histogram's buckets are cumulative, exact at their edges, and the last one holds all", async () => {
  const { metrics, samples } = metricsBench();
  const series = metrics.histogram(time, { "the.outcome": ["confirmed"] }).series({ "the.outcome": "confirmed" });
  for (const seconds of [0.25, 0.2500001, 1, 1000]) series.record(seconds);
  const of = (end: string) => `orders_processing_time_seconds_${end}`;
  const lines = await samples();
  expect(lines).toContain(`${of("bucket")}{the_outcome="confirmed",le="0.0625"} 0`);
  expect(lines).toContain(`${of("bucket")}{the_outcome="confirmed",le="0.25"} 1`);
  expect(lines).toContain(`${of("bucket")}{the_outcome="confirmed",le="1"} 3`);
  expect(lines).toContain(`${of("bucket")}{the_outcome="confirmed",le="256"} 3`);
  expect(lines).toContain(`${of("bucket")}{the_outcome="confirmed",le="+Inf"} 4`);
  expect(lines).toContain(`${of("sum")}{the_outcome="confirmed"} 1001.5000001`);
  expect(lines).toContain(`${of("count")}{the_outcome="confirmed"} 4`);
  expect(lines).toHaveLength(15);
});

const parse = await provideOrSkip("Prometheus's own parser", providePrometheusParser);

describe.skipIf(parse === undefined)("Prometheus's own parser", () => {
  const familiesOf = (text: string) => parse?.(text) ?? [];

  test("reads names, kinds, texts and values back, whatever stands in a label", async () => {
    const { metrics } = metricsBench();
    const awkward = 'a "quoted" \\ back\\nslash,\n{comma}="x" é';
    const odd = defineCounter({
      ...said,
      description: 'Back\\slash, "quote"\nand line.',
      name: "odd",
      unit: "1",
      labels: { at: "where" },
    });
    metrics
      .counter(odd, { at: [awkward] })
      .series({ at: awkward })
      .add(2.5);
    metrics.counter(created, {}).series({}).add(3);
    const memoryNow = metrics.gauge(memory, {}).series({});
    metrics.observe(() => [{ series: memoryNow, value: 123_456_789_012 }]);
    metrics
      .histogram(time, { "the.outcome": ["rejected"] })
      .series({ "the.outcome": "rejected" })
      .record(3);
    const families = familiesOf(prometheusText(await metrics.collect()));
    expect(families.map(({ name, type }) => [name, type])).toEqual([
      ["odd", "counter"],
      ["orders_created", "counter"],
      ["orders_processing_time_seconds", "histogram"],
      ["process_memory_usage_bytes", "gauge"],
    ]);
    expect(families[0]).toEqual({
      name: "odd",
      type: "counter",
      documentation: 'Back\\slash, "quote"\nand line.',
      samples: [{ name: "odd_total", labels: { at: awkward }, value: 2.5 }],
    });
    expect(families[3]?.samples).toEqual([{ name: "process_memory_usage_bytes", labels: {}, value: 123_456_789_012 }]);
    const buckets = families[2]?.samples.filter(({ name }) => name.endsWith("_bucket")) ?? [];
    expect(buckets.map(({ labels }) => Number(labels["le"]?.replace("+Inf", "Infinity")))).toEqual([
      ...[-14, -12, -10, -8, -6, -4, -2, 0, 2, 4, 6, 8].map((power) => 2 ** power),
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("refuses what is no such text", () => {
    expect(() => familiesOf('a{b="c} 1\n')).toThrow("no Prometheus text");
  });
});
