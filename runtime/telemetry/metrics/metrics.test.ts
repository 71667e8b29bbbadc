import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { defineCounter, defineGauge, defineHistogram } from "./declaration.ts";
import { metricsBench } from "./metrics.fixture.ts";

const said = { unit: "{thing}", description: "Things.", whenHigh: "Nothing." };
const things = defineCounter({ ...said, name: "things", labels: { colour: "a colour", size: "a size" } });
const waits = defineHistogram({ ...said, name: "waits", unit: "s", labels: {} });
const depth = defineGauge({ ...said, name: "depth", labels: { module: "a module" } });

describe("counters and histograms", () => {
  test("whoever asks for the same series counts in the same place", async () => {
    const { metrics, samples } = metricsBench();
    const values = { colour: ["red"], size: ["small"] };
    metrics.counter(things, values).series({ colour: "red", size: "small" }).add(2);
    metrics.counter(things, values).series({ size: "small", colour: "red" }).add(1);
    expect(await samples()).toEqual(['things_total{colour="red",size="small"} 3']);
  });

  test("a histogram knows how many, their sum, and the extremes since they were last taken", () => {
    const series = metricsBench().metrics.histogram(waits, {}).series({});
    for (const value of [0.5, 2, -1, Number.NaN, Number.POSITIVE_INFINITY]) series.record(value);
    expect({ count: series.count, sum: series.sum }).toEqual({ count: 3, sum: 2.5 });
    expect(series.buckets.reduce((all, each) => all + each, 0)).toBe(3);
    expect(series.takeExtremes()).toEqual({ min: 0, max: 2 });
    series.record(0.7);
    expect(series.takeExtremes()).toEqual({ min: 0.7, max: 0.7 });
  });

  test("one name is one kind of metric", () => {
    const { metrics } = metricsBench();
    metrics.counter(things, { colour: [], size: [] });
    expect(() => metrics.histogram({ ...waits, name: "things" }, {})).toThrow("things is declared as two kinds");
  });
});

describe("labels are bounded:", () => {
  test("whatever values come, there are as many series as the declared values allow, and one more a label", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 300 }), async (labels) => {
        const { metrics } = metricsBench();
        const instrument = metrics.counter(things, { colour: ["red", "green"], size: ["small"] });
        for (const [colour, size] of labels) instrument.series({ colour, size }).add(1);
        const [collected] = await metrics.collect();
        const series = collected?.kind === "counter" ? collected.series : [];
        expect(series.length).toBeLessThanOrEqual(3 * 2);
        expect(series.reduce((all, { value }) => all + value, 0)).toBe(labels.length);
      }),
    );
  });

  test("what is not declared is counted as other, and parts of a process add their values", async () => {
    const { metrics, samples } = metricsBench();
    const add = (colour: string) =>
      metrics
        .counter(things, { colour: [], size: ["small"] })
        .series({ colour, size: "small" })
        .add(1);
    add("red");
    metrics.counter(things, { colour: ["red"], size: [] });
    add("red");
    expect(await samples()).toEqual([
      'things_total{colour="other",size="small"} 1',
      'things_total{colour="red",size="small"} 1',
    ]);
  });

  test("a label whose values only the code knows has so many, as they come", async () => {
    const { metrics, samples } = metricsBench();
    const instrument = metrics.counter(things, { colour: { atMost: 2 }, size: ["small"] });
    for (const colour of ["red", "green", "blue", "red", "white"]) instrument.series({ colour, size: "small" }).add(1);
    expect(await samples()).toEqual([
      'things_total{colour="red",size="small"} 2',
      'things_total{colour="green",size="small"} 1',
      'things_total{colour="other",size="small"} 2',
    ]);
  });

  test("a metric has at most 2,000 series: beyond, all of its labels are other", async () => {
    const { metrics } = metricsBench();
    const many = Array.from({ length: 100 }, (_, index) => String(index));
    const instrument = metrics.counter(things, { colour: many, size: many });
    for (const colour of many) for (const size of many) instrument.series({ colour, size }).add(1);
    const [collected] = await metrics.collect();
    const series = collected?.kind === "counter" ? collected.series : [];
    expect(series).toHaveLength(2000);
    const other = series.find(({ labels }) => labels["colour"] === "other" && labels["size"] === "other");
    expect(other?.value).toBe(100 * 100 - 1999);
  });
});

describe("gauges", () => {
  const gauge = (bench = metricsBench(30)) => {
    const instrument = bench.metrics.gauge(depth, { module: ["order", "payment"] });
    return {
      ...bench,
      order: instrument.series({ module: "order" }),
      payment: instrument.series({ module: "payment" }),
    };
  };

  test("are asked for when somebody collects, and never else", async () => {
    const { metrics, samples, order } = gauge();
    let asked = 0;
    metrics.observe(() => [{ series: order, value: ++asked }]);
    expect(asked).toBe(0);
    expect(await samples()).toEqual(['depth{module="order"} 1']);
    expect(await samples()).toEqual(['depth{module="order"} 2']);
  });

  test("that fail or hang are left out, hold up nobody for long, and are not asked again while they hang", async () => {
    const { metrics, samples, order, payment } = gauge();
    metrics.observe(() => Promise.reject(new Error("the database is away")));
    metrics.observe(() => {
      throw new Error("a bug");
    });
    let asked = 0;
    let answer: () => void = () => undefined;
    metrics.observe(async () => {
      asked++;
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return [{ series: payment, value: 7 }];
    });
    metrics.observe(() => [{ series: order, value: 3 }]);
    expect(await samples()).toEqual(['depth{module="order"} 3']);
    expect(await samples()).toEqual(['depth{module="order"} 3']);
    expect(asked).toBe(1);
    const collecting = samples();
    answer();
    expect(await collecting).toEqual(['depth{module="order"} 3', 'depth{module="payment"} 7']);
  });

  test("of two who collect at the same time are asked for once", async () => {
    const { metrics, samples, order } = gauge();
    let asked = 0;
    metrics.observe(async () => [{ series: order, value: ++asked }]);
    await Promise.all([samples(), samples()]);
    expect(asked).toBe(1);
  });
});
