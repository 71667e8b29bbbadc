/** What the collector counted, from its own metrics. */

export interface Counted {
  readonly acceptedSpans: number;
  readonly acceptedPoints: number;
  /** Turned away because memory was short or a pipeline did not take them. */
  readonly refused: number;
  /** Lost in a receiver, a processor or an exporter. */
  readonly failed: number;
  readonly sentSpans: number;
  readonly sentPoints: number;
}

/** Reads Prometheus' text format. */
export function countedIn(text: string): Counted {
  return {
    acceptedSpans: sumOf(text, "otelcol_receiver_accepted_spans"),
    acceptedPoints: sumOf(text, "otelcol_receiver_accepted_metric_points"),
    refused: sumOf(text, "otelcol_receiver_refused_\\w+"),
    failed: sumOf(
      text,
      "otelcol_(?:receiver_failed|exporter_send_failed|exporter_enqueue_failed|processor_dropped)_\\w+",
    ),
    sentSpans: sumOf(text, "otelcol_exporter_sent_spans"),
    sentPoints: sumOf(text, "otelcol_exporter_sent_metric_points"),
  };
}

/** Whether all that was accepted has left by an exporter. */
export const isDrained = ({ acceptedSpans, sentSpans, acceptedPoints, sentPoints }: Counted): boolean =>
  acceptedSpans === sentSpans && acceptedPoints === sentPoints;

/** What speaks against it. */
export function countFaults(counted: Counted): readonly string[] {
  const { acceptedSpans, acceptedPoints, refused, failed, sentSpans, sentPoints } = counted;
  return [
    ...(acceptedSpans > 0 ? [] : ["it accepted no span"]),
    ...(acceptedPoints > 0 ? [] : ["it accepted no metric point"]),
    ...(refused === 0 ? [] : [`it refused ${refused} of what came`]),
    ...(failed === 0 ? [] : [`it lost ${failed} of what came`]),
    ...(sentSpans === acceptedSpans ? [] : [`of ${acceptedSpans} accepted spans ${sentSpans} left it`]),
    ...(sentPoints === acceptedPoints ? [] : [`of ${acceptedPoints} accepted metric points ${sentPoints} left it`]),
  ];
}

/** Of all samples whose name is like the expression; counters carry a suffix in newer releases. */
function sumOf(text: string, name: string): number {
  const sample = new RegExp(`^${name}(?:_total)?(?:\\{[^}]*\\})? (\\S+)`, "gm");
  return [...text.matchAll(sample)].reduce((sum, [, value]) => sum + Number(value), 0);
}
