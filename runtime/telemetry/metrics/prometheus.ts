/**
 * Metrics in Prometheus's text format, version 0.0.4: counts since the process began, gauges as they are now. Needs no
 * SDK. The buckets of a histogram are every eighth edge of ours, so that the counts are exact and few.
 */
import type { MetricDeclaration } from "./declaration.ts";
import { bucketsUpTo } from "./exponential-buckets.ts";
import type { Collected } from "./metrics.ts";
import type { HistogramSeries, Labels } from "./series.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The word that ends a name; what is counted, in braces, has none. */
const UNIT_WORDS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };

/** As Prometheus names it: `orders_created_total`, `orders_processing_time_seconds`. */
export function prometheusName({ name, kind, unit }: MetricDeclaration): string {
  const word = UNIT_WORDS[unit];
  const base = name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  const measured = word === undefined || base.endsWith(`_${word}`) ? base : `${base}_${word}`;
  return kind === "counter" ? `${measured}_total` : measured;
}

/** Powers of two: 61 µs, 244 µs, 977 µs, 3.9 ms, 16 ms, 63 ms, 250 ms, 1 s, 4 s, 16 s, 64 s, 256 s. */
const EDGES = [-14, -12, -10, -8, -6, -4, -2, 0, 2, 4, 6, 8].map((power) => ({
  bound: String(2 ** power),
  buckets: bucketsUpTo(power),
}));

/** All of it as one text. */
export function prometheusText(collected: readonly Collected[]): string {
  const lines: string[] = [];
  for (const each of collected) {
    const name = prometheusName(each.declaration);
    lines.push(`# HELP ${name} ${escapedHelp(each.declaration.description)}`);
    lines.push(`# TYPE ${name} ${each.declaration.kind}`);
    if (each.kind === "histogram") for (const series of each.series) pushHistogram(lines, name, series);
    else for (const { labels, value } of each.series) lines.push(`${name}${labelled(labels)} ${value}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function pushHistogram(lines: string[], name: string, { labels, buckets, count, sum }: HistogramSeries): void {
  let upTo = 0;
  let place = 0;
  for (const edge of EDGES) {
    for (; place < edge.buckets; place++) upTo += buckets[place] ?? 0;
    lines.push(`${name}_bucket${labelled({ ...labels, le: edge.bound })} ${upTo}`);
  }
  lines.push(`${name}_bucket${labelled({ ...labels, le: "+Inf" })} ${count}`);
  lines.push(`${name}_sum${labelled(labels)} ${sum}`);
  lines.push(`${name}_count${labelled(labels)} ${count}`);
}

function labelled(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${labelName(name)}="${escapedValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const labelName = (name: string) => name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
const escapedHelp = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapedValue = (text: string) => escapedHelp(text).replaceAll('"', '\\"');
