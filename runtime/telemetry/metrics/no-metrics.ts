/** Counts and measures nothing, at no cost: for simulations, tests, and whoever runs a part alone. */
import type { Instrument, Metrics } from "./metrics.ts";
import type { CounterSeries, GaugeSeries, HistogramSeries } from "./series.ts";

const nothing = () => undefined;
const of = <Series>(series: Series): Instrument<string, Series> => ({ series: () => series });

const counter = of<CounterSeries>({ labels: {}, value: 0, add: nothing });
const histogram = of<HistogramSeries>({
  labels: {},
  count: 0,
  sum: 0,
  buckets: new Float64Array(0),
  record: nothing,
  takeExtremes: () => ({ min: 0, max: 0 }),
});
const gauge = of<GaugeSeries>({ labels: {} });

export const NO_METRICS: Metrics = {
  now: () => 0,
  counter: () => counter,
  histogram: () => histogram,
  gauge: () => gauge,
  observe: nothing,
};
