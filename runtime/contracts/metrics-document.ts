/** `docs/metrics.md`: every metric, as it is declared. */
import type { ModuleFacts } from "../module.ts";
import { RUNTIME_METRICS } from "../telemetry/metrics/catalogue.ts";
import type { MetricDeclaration } from "../telemetry/metrics/declaration.ts";
import { BUCKETS } from "../telemetry/metrics/exponential-buckets.ts";
import { prometheusName } from "../telemetry/metrics/prometheus.ts";
import { markdownTable } from "./markdown-table.ts";

const INTRODUCTION = `# Metrics: what a process counts and measures

Written by \`bun run modules\` from the metrics' declarations (runtime/telemetry/metrics/catalogue.ts, and \`measures\` of a module); \`check\` fails while it is not current.

\`GET /metrics\` on the internal port (\`INTERNAL_PORT\`, never routed from outside) answers all of them in Prometheus's text format: counts since the process began, gauges as they are at that moment. It needs no collector and is always there. An OTLP exporter gets the same as changes since its last export (delta), histograms as exponential ones.

- Every process tells of what it has done itself. What stands in a module's tables or at the brokers (outbox, calls, timers, dead letters, lag) each of its replicas tells of: take the highest, not the sum. It is read when somebody asks, and never else; where it cannot be read within a second it is left out, which is not zero.
- Durations are in seconds. Histograms have four buckets a doubling, so a percentile is at most 9 % off, and ${BUCKETS} buckets at most, from 11 µs to 362 s: what is longer counts in the last one, and in the sum and the maximum as it is.
- Labels hold names of this code and never anything that came with a request: no id, no path, no text of a person. What is not declared is \`other\`.
- Counts begin at zero with each process, and what is exported while no collector answers is lost. A commit whose answer was lost is not counted, so an outage of a database can leave a few orders out; the books are in the database.

`;

const HEADINGS = ["Name", "In Prometheus", "Kind", "Unit", "Labels", "What it is", "When it is high"];

/** The document of the runtime's metrics and the modules', by name. */
export function metricsDocument(modules: readonly ModuleFacts[]): string {
  const all = [...RUNTIME_METRICS, ...modules.flatMap(({ metrics = [] }) => metrics)];
  return `${INTRODUCTION}${markdownTable(HEADINGS, all.toSorted(byName).map(row))}`;
}

const byName = (one: MetricDeclaration, other: MetricDeclaration) => (one.name < other.name ? -1 : 1);

function row(declaration: MetricDeclaration): readonly string[] {
  const { name, kind, unit, description, labels, whenHigh } = declaration;
  const said = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${values}`);
  return [
    `\`${name}\``,
    `\`${prometheusName(declaration)}\``,
    kind,
    `\`${unit}\``,
    said.join("; ") || "–",
    description,
    whenHigh,
  ];
}
