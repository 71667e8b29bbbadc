/**
 * The OpenTelemetry collector, built once from Go modules with the parts that our configuration uses and that can be had:
 * the AWS exporters cannot. Some three minutes on two idle cores; 30 MB stay in the cache.
 */
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, installOnce } from "./cache.ts";
import { BUILD_WAIT_MS, withGo } from "./go-program.ts";

/** Newer ones need modules that are not to be had everywhere; ADOT v0.49.0 is made of 0.156.0. */
export const COLLECTOR_VERSION = "0.136.0";
/** Of the modules that are stable: they count on their own. */
const STABLE_VERSION = "1.42.0";

const CORE = "go.opentelemetry.io/collector";
const CONTRIB = "github.com/open-telemetry/opentelemetry-collector-contrib";

const MANIFEST = `dist:
  name: otelcol
  version: ${COLLECTOR_VERSION}
  output_path: ./build
receivers:
  - gomod: ${CORE}/receiver/otlpreceiver v${COLLECTOR_VERSION}
processors:
  - gomod: ${CORE}/processor/batchprocessor v${COLLECTOR_VERSION}
  - gomod: ${CORE}/processor/memorylimiterprocessor v${COLLECTOR_VERSION}
  - gomod: ${CONTRIB}/processor/resourceprocessor v${COLLECTOR_VERSION}
exporters:
  - gomod: ${CORE}/exporter/debugexporter v${COLLECTOR_VERSION}
extensions:
  - gomod: ${CONTRIB}/extension/healthcheckextension v${COLLECTOR_VERSION}
providers:
  - gomod: ${CORE}/confmap/provider/envprovider v${STABLE_VERSION}
  - gomod: ${CORE}/confmap/provider/fileprovider v${STABLE_VERSION}
`;

/** Another list of parts is another program. */
const parts = Bun.hash(MANIFEST).toString(16).slice(0, 8);
const ENTRY = `otel-collector-${COLLECTOR_VERSION}-${parts}-${process.platform}-${process.arch}`;
const PROGRAM = "otelcol";

/** Whether it needs not be built any more. */
export const isCollectorBuilt = (): boolean => existsSync(join(cacheDirectory(), ENTRY, PROGRAM));

/** The collector's program, built when it is not in the cache. Throws `MissingTool` where there is no Go 1.24. */
export async function provisionCollector(): Promise<string> {
  return join(await installOnce(ENTRY, build, BUILD_WAIT_MS), PROGRAM);
}

async function build(directory: string): Promise<void> {
  console.error(
    `building the OpenTelemetry collector ${COLLECTOR_VERSION} (minutes, once; later runs use the cache) …`,
  );
  await withGo(`the OpenTelemetry collector ${COLLECTOR_VERSION}`, join(directory, ".go"), async (go) => {
    const builder = await go.install(`${CORE}/cmd/builder`, `v${COLLECTOR_VERSION}`);
    await writeFile(join(directory, "manifest.yaml"), MANIFEST);
    await go.run([builder, "--config", "manifest.yaml"], directory);
    await rename(join(directory, "build", PROGRAM), join(directory, PROGRAM));
    await rm(join(directory, "build"), { recursive: true });
  });
  console.error(`built the OpenTelemetry collector ${COLLECTOR_VERSION}`);
}
