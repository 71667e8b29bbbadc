/**
 * What a module's own rules measure, as plain data: it names its metrics with every set of labels that they may have, and
 * says what a change of an aggregate means for them. The runtime records it after the commit that made it true.
 */
import type { CounterDeclaration, HistogramDeclaration } from "./declaration.ts";
import type { Labels } from "./series.ts";

/** A metric with one set of labels. */
export interface Measure {
  readonly metric: CounterDeclaration | HistogramDeclaration;
  readonly labels: Labels;
}

export interface Measurement {
  /** One of those that are declared, itself: what is not declared is not recorded. */
  readonly of: Measure;
  /** What it grew by, or the value that was seen. */
  readonly value: number;
}

export interface Measures<State> {
  readonly declared: readonly Measure[];
  /** Pure, like the decision that made the change. `before` is absent where the aggregate is new. */
  readonly of: (before: State | undefined, after: State) => readonly Measurement[];
}

/** A metric with one set of labels. */
export const measureOf = <Label extends string>(
  metric: CounterDeclaration<Label> | HistogramDeclaration<Label>,
  labels: Readonly<Record<NoInfer<Label>, string>>,
): Measure => ({ metric, labels });
