/**
 * Our configuration as the core collector can run it: each AWS exporter replaced by one that prints what it is given, and
 * ports of our own for the fixed ones. Everything else, pipelines and processors and their settings, stays as it is.
 */
import { type CollectorDocument, DOCUMENT } from "./collector-keys.ts";
import { readYamlFile } from "./yaml-file.ts";

export interface CollectorPorts {
  readonly otlp: number;
  readonly health: number;
  /** Of its own metrics. */
  readonly metrics: number;
}

const AWS_EXPORTERS: readonly string[] = ["awsxray", "awsemf"];
const OTLP_PORT = ":4318";
const HEALTH_PORT = ":13133";

/** The configuration of a text without faults. */
export const parseConfiguration = (text: string): CollectorDocument => DOCUMENT.parse(readYamlFile(text).document);

/** The configuration as JSON, which the collector reads as well. */
export function coreConfiguration(document: CollectorDocument, ports: CollectorPorts): string {
  const standIn = (id: string) => (AWS_EXPORTERS.includes(id) ? `debug/${id}` : id);
  const { pipelines, telemetry } = document.service;
  const core = {
    ...document,
    exporters: Object.fromEntries(
      Object.entries(document.exporters).map(([id, settings]) =>
        standIn(id) === id ? [id, settings] : [standIn(id), { verbosity: "detailed", use_internal_logger: false }],
      ),
    ),
    service: {
      ...document.service,
      pipelines: Object.fromEntries(
        Object.entries(pipelines).map(([name, pipeline]) => [
          name,
          { ...pipeline, exporters: pipeline.exporters.map(standIn) },
        ]),
      ),
      telemetry: {
        ...telemetry,
        metrics: {
          ...telemetry.metrics,
          readers: telemetry.metrics.readers.map(({ pull }) => ({
            pull: { exporter: { prometheus: { ...pull.exporter.prometheus, port: ports.metrics } } },
          })),
        },
      },
    },
  };
  return JSON.stringify(core, null, 2)
    .replaceAll(`${OTLP_PORT}"`, `:${ports.otlp}"`)
    .replaceAll(`${HEALTH_PORT}"`, `:${ports.health}"`);
}
