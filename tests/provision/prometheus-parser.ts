/** The parser of Prometheus's text format in prometheus-client (Python package index): what it reads, a scraper can read. */
import { installOnce } from "./cache.ts";
import { downloadWheel, findPython } from "./python-package.ts";

const PACKAGE = "prometheus-client==0.26.0";
const LEAST_MINOR = 9;

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Infinity comes as null. */
  readonly value: number | null;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly documentation: string;
  readonly samples: readonly Sample[];
}

const SCRIPT = `
import json, math, sys
from prometheus_client.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.buffer.read().decode())
json.dump([{"name": f.name, "type": f.type, "documentation": f.documentation, "samples": [
  {"name": s.name, "labels": s.labels, "value": s.value if math.isfinite(s.value) else None} for s in f.samples]}
  for f in families], sys.stdout)
`;

/** The parser, downloaded once; it throws what the text's fault is. Throws `MissingTool` where there is no Python with pip. */
export async function providePrometheusParser(): Promise<(text: string) => readonly MetricFamily[]> {
  const python = findPython(PACKAGE, LEAST_MINOR);
  const directory = await installOnce(PACKAGE.replace("==", "-"), (building) => downloadWheel(PACKAGE, building));
  const env = { PATH: process.env.PATH, PYTHONPATH: directory, PYTHONNOUSERSITE: "1", PYTHONDONTWRITEBYTECODE: "1" };
  return (text) => {
    const parsed = Bun.spawnSync([python.program, "-c", SCRIPT], { stdin: Buffer.from(text), env, timeout: 20_000 });
    if (parsed.exitCode !== 0) throw new Error(`no Prometheus text: ${parsed.stderr.toString().trim().slice(-2_000)}`);
    // What SCRIPT prints.
    return JSON.parse(parsed.stdout.toString()) as readonly MetricFamily[];
  };
}
