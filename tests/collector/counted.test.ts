import { expect, test } from "bun:test";
import { type Counted, countedIn, countFaults, isDrained } from "./counted.ts";

/** As the collector 0.136.0 answers: a suffix, labels, a line of help before each. */
const METRICS = `# HELP otelcol_receiver_accepted_spans_total Number of spans successfully pushed into the pipeline.
# TYPE otelcol_receiver_accepted_spans_total counter
otelcol_receiver_accepted_spans_total{receiver="otlp",transport="http"} 40
otelcol_receiver_accepted_spans_total{receiver="otlp/other",transport="http"} 2
otelcol_receiver_accepted_metric_points_total{receiver="otlp",transport="http"} 7
otelcol_receiver_refused_spans_total{receiver="otlp",transport="http"} 0
otelcol_receiver_refused_metric_points_total{receiver="otlp",transport="http"} 3
otelcol_receiver_failed_spans_total{receiver="otlp",transport="http"} 0
otelcol_exporter_sent_spans_total{exporter="debug/awsxray"} 42
otelcol_exporter_sent_metric_points_total{exporter="debug/awsemf"} 6
otelcol_exporter_send_failed_metric_points_total{exporter="debug/awsemf"} 1
otelcol_exporter_send_failed_spans_total{exporter="debug/awsxray"} 0
otelcol_processor_accepted_spans_total{processor="memory_limiter"} 42
`;

const RIGHT: Counted = { acceptedSpans: 42, acceptedPoints: 7, refused: 0, failed: 0, sentSpans: 42, sentPoints: 7 };

test("counts are summed over receivers and exporters, and by signal", () => {
  expect(countedIn(METRICS)).toEqual({ ...RIGHT, refused: 3, failed: 1, sentPoints: 6 });
});

test("names without a suffix, as older releases have them, are counted too", () => {
  expect(countedIn(METRICS.replaceAll("_total", ""))).toEqual(countedIn(METRICS));
});

test("a collector that tells nothing has accepted nothing", () => {
  expect(countFaults(countedIn(""))).toEqual(["it accepted no span", "it accepted no metric point"]);
});

test("whatever was refused, lost or kept speaks against it", () => {
  expect(countFaults(RIGHT)).toEqual([]);
  expect(isDrained(RIGHT)).toBe(true);
  expect(countFaults({ ...RIGHT, refused: 1 })).toEqual(["it refused 1 of what came"]);
  expect(countFaults({ ...RIGHT, failed: 2 })).toEqual(["it lost 2 of what came"]);
  expect(countFaults({ ...RIGHT, sentSpans: 41 })).toEqual(["of 42 accepted spans 41 left it"]);
  expect(isDrained({ ...RIGHT, sentPoints: 0 })).toBe(false);
});
