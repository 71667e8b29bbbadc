/**
 * What a process counts and measures, as plain numbers in its memory. Recording costs nanoseconds (series.ts); who wants
 * to know (a scrape, the exporter) calls `collect`, and only then is anything looked up in databases and brokers.
 *
 * Memory is bounded: by the labels' declared values, and by a limit of series a metric, beyond which all labels are
 * `other`. Whatever an observer does, `collect` resolves in time: one that fails or is late leaves its gauges out of that
 * answer, which is not zero and can be alarmed on; while it is still at it, it is not asked again. Nothing here is
 * retried or written down: counts begin anew with the process.
 */
import type { Stopwatch } from "../../clock.ts";
import { atMost } from "../../deadline.ts";
import type { Scheduler } from "../../scheduler.ts";
import type { CounterDeclaration, GaugeDeclaration, HistogramDeclaration, MetricDeclaration } from "./declaration.ts";
import { createLabelBounds, type DeclaredValues, OTHER } from "./label-bounds.ts";
import {
  type CounterSeries,
  createCounterSeries,
  createHistogramSeries,
  type GaugeSeries,
  type HistogramSeries,
  type Labels,
} from "./series.ts";

/** Of each label its values. */
export type LabelValues<Label extends string> = Readonly<Record<Label, DeclaredValues>>;

export interface Instrument<Label extends string, Series> {
  /** Made at its first use; to be kept by whoever records often. */
  series(labels: Readonly<Record<Label, string>>): Series;
}

/** A gauge as it is now. */
export interface Reading {
  readonly series: GaugeSeries;
  readonly value: number;
}

export type Observer = () => readonly Reading[] | Promise<readonly Reading[]>;

/** A metric that has series, as it is now. */
export type Collected = { readonly declaration: MetricDeclaration } & (
  | { readonly kind: "counter"; readonly series: readonly CounterSeries[] }
  | { readonly kind: "histogram"; readonly series: readonly HistogramSeries[] }
  | { readonly kind: "gauge"; readonly series: readonly { readonly labels: Labels; readonly value: number }[] }
);

/** What those who count and measure are given, with what they measure durations by. */
export interface Metrics extends Stopwatch {
  /** The same instrument whenever it is asked for; `values` are added to those that its labels have. */
  counter<Label extends string>(
    declaration: CounterDeclaration<Label>,
    values: LabelValues<Label>,
  ): Instrument<Label, CounterSeries>;
  histogram<Label extends string>(
    declaration: HistogramDeclaration<Label>,
    values: LabelValues<Label>,
  ): Instrument<Label, HistogramSeries>;
  gauge<Label extends string>(
    declaration: GaugeDeclaration<Label>,
    values: LabelValues<Label>,
  ): Instrument<Label, GaugeSeries>;
  /** Asks for gauges each time that somebody collects, and never else. */
  observe(read: Observer): void;
}

export interface CollectedMetrics extends Metrics {
  /** All metrics that have series, in the order of their names. The counts are live: read them at once. */
  collect(): Promise<readonly Collected[]>;
}

export interface MetricsDeps {
  readonly stopwatch: Stopwatch;
  readonly scheduler: Scheduler;
  /** How long a collection waits for observers. */
  readonly observeTimeoutMs: number;
}

/** Of one metric. All of the platform's are far below it; it is what holds when a label is declared carelessly. */
const MOST_SERIES = 2_000;

interface Registered<Series> {
  readonly declaration: MetricDeclaration;
  readonly all: ReadonlyMap<string, Series>;
  readonly instrument: Instrument<string, Series>;
  declare(values: LabelValues<string>): void;
}

/** The metrics of one process. */
export function createMetrics({ stopwatch, scheduler, observeTimeoutMs }: MetricsDeps): CollectedMetrics {
  const counters = new Map<string, Registered<CounterSeries>>();
  const histograms = new Map<string, Registered<HistogramSeries>>();
  const gauges = new Map<string, Registered<GaugeSeries>>();
  const observers: { readonly read: Observer; underWay: Promise<readonly Reading[]> | undefined }[] = [];

  function instrument<Series>(
    registered: Map<string, Registered<Series>>,
    declaration: MetricDeclaration,
    values: LabelValues<string>,
    create: (labels: Labels) => Series,
  ): Instrument<string, Series> {
    let found = registered.get(declaration.name);
    if (!found) {
      const isTaken = [counters, histograms, gauges].some((each) => each.has(declaration.name));
      if (isTaken) throw new Error(`the metric ${declaration.name} is declared as two kinds`);
      found = register(declaration, create);
      registered.set(declaration.name, found);
    }
    found.declare(values);
    return found.instrument;
  }

  async function readings(): Promise<ReadonlyMap<GaugeSeries, number>> {
    const found = await Promise.all(
      observers.map((observer) => {
        observer.underWay ??= Promise.resolve()
          .then(observer.read)
          .finally(() => {
            observer.underWay = undefined;
          });
        return atMost(scheduler, observeTimeoutMs, observer.underWay);
      }),
    );
    return new Map(found.flatMap((some) => (some ?? []).map(({ series, value }) => [series, value] as const)));
  }

  return {
    seconds: stopwatch.seconds,
    counter: (declaration, values) => instrument(counters, declaration, values, createCounterSeries),
    histogram: (declaration, values) => instrument(histograms, declaration, values, createHistogramSeries),
    gauge: (declaration, values) => instrument(gauges, declaration, values, (labels): GaugeSeries => ({ labels })),
    observe(read) {
      observers.push({ read, underWay: undefined });
    },
    async collect() {
      const values = await readings();
      const collected: Collected[] = [];
      for (const { declaration, all } of counters.values())
        collected.push({ kind: "counter", declaration, series: [...all.values()] });
      for (const { declaration, all } of histograms.values())
        collected.push({ kind: "histogram", declaration, series: [...all.values()] });
      for (const { declaration, all } of gauges.values()) {
        const series = [...all.values()].flatMap((each) => {
          const value = values.get(each);
          return value === undefined ? [] : [{ labels: each.labels, value }];
        });
        collected.push({ kind: "gauge", declaration, series });
      }
      const told = collected.filter(({ series }) => series.length > 0);
      return told.sort((one, other) => (one.declaration.name < other.declaration.name ? -1 : 1));
    },
  };
}

function register<Series>(declaration: MetricDeclaration, create: (labels: Labels) => Series): Registered<Series> {
  const names = Object.keys(declaration.labels);
  const bounds = new Map(names.map((name) => [name, createLabelBounds()]));
  const all = new Map<string, Series>();

  function seriesOf(values: readonly string[]): Series {
    const id = values.join("\0");
    const found = all.get(id);
    if (found !== undefined) return found;
    const allOther = names.map(() => OTHER);
    // The last room is for what has none.
    if (all.size >= MOST_SERIES - 1 && id !== allOther.join("\0")) return seriesOf(allOther);
    const series = create(
      Object.freeze(Object.fromEntries(names.map((name, place) => [name, values[place] ?? OTHER]))),
    );
    all.set(id, series);
    return series;
  }

  return {
    declaration,
    all,
    declare(values) {
      for (const [name, bound] of bounds) bound.declare(values[name] ?? []);
    },
    instrument: {
      series: (labels) => seriesOf([...bounds].map(([name, bound]) => bound.bounded(labels[name] ?? OTHER))),
    },
  };
}
