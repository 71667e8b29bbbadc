/** What is said of a metric without running anything: documents, exporters and instruments are made of it. */

export interface MetricDeclaration<Label extends string = string> {
  /** As OpenTelemetry writes it: `orders.created`. */
  readonly name: string;
  readonly kind: "counter" | "histogram" | "gauge";
  /** In UCUM: `s`, `By`, `1`, or what is counted in braces. Durations are in seconds. */
  readonly unit: string;
  readonly description: string;
  /** By name: what its values are, in words. */
  readonly labels: Readonly<Record<Label, string>>;
  /** What an operator does when it is high. */
  readonly whenHigh: string;
}

export interface CounterDeclaration<Label extends string = string> extends MetricDeclaration<Label> {
  readonly kind: "counter";
}

export interface HistogramDeclaration<Label extends string = string> extends MetricDeclaration<Label> {
  readonly kind: "histogram";
}

export interface GaugeDeclaration<Label extends string = string> extends MetricDeclaration<Label> {
  readonly kind: "gauge";
}

type Said<Label extends string> = Omit<MetricDeclaration<Label>, "kind">;

/** What only grows, and is told as how much it grew. */
export const defineCounter = <Label extends string = never>(said: Said<Label>): CounterDeclaration<Label> => ({
  ...said,
  kind: "counter",
});

/** How values, such as durations, are spread. */
export const defineHistogram = <Label extends string = never>(said: Said<Label>): HistogramDeclaration<Label> => ({
  ...said,
  kind: "histogram",
});

/** What is as it is now, and is looked up when somebody asks. */
export const defineGauge = <Label extends string = never>(said: Said<Label>): GaugeDeclaration<Label> => ({
  ...said,
  kind: "gauge",
});
