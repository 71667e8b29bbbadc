/**
 * Numbers of one metric with one set of labels. Whoever records holds its series: recording is arithmetic on plain
 * numbers, asks nobody and allocates nothing.
 */
import { BUCKETS, bucketOf } from "./exponential-buckets.ts";

export type Labels = Readonly<Record<string, string>>;

export interface CounterSeries {
  readonly labels: Labels;
  /** Since the process began. */
  readonly value: number;
  add(amount: number): void;
}

export interface HistogramSeries {
  readonly labels: Labels;
  /** All three since the process began. */
  readonly count: number;
  readonly sum: number;
  readonly buckets: Readonly<Float64Array>;
  /** What is below zero counts as zero, and what is no number not at all. */
  record(value: number): void;
  /** The least and the greatest value since this was last asked; only one exporter may ask. */
  takeExtremes(): { readonly min: number; readonly max: number };
}

/** Has no value of its own: it is looked up when somebody asks (`observe`). */
export interface GaugeSeries {
  readonly labels: Labels;
}

export function createCounterSeries(labels: Labels): CounterSeries {
  const series = {
    labels,
    value: 0,
    add(amount: number) {
      series.value += amount;
    },
  };
  return series;
}

export function createHistogramSeries(labels: Labels): HistogramSeries {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const buckets = new Float64Array(BUCKETS);
  const series = {
    labels,
    count: 0,
    sum: 0,
    buckets,
    record(given: number) {
      if (!Number.isFinite(given)) return;
      const value = Math.max(given, 0);
      const place = bucketOf(value);
      buckets[place] = (buckets[place] ?? 0) + 1;
      series.count += 1;
      series.sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    },
    takeExtremes() {
      const taken = { min, max };
      min = Number.POSITIVE_INFINITY;
      max = Number.NEGATIVE_INFINITY;
      return taken;
    },
  };
  return series;
}
