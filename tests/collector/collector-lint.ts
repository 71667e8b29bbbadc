/**
 * Finds in a collector's configuration what the collector itself would refuse at its start, and what it would take and
 * we do not want: keys that no part has, pipelines of parts that are not declared, parts that nothing uses.
 */
import { COMPONENTS, type CollectorDocument, DOCUMENT, KINDS, type Kind } from "./collector-keys.ts";
import { schemaFaults } from "./schema-faults.ts";
import { readYamlFile, textsIn, variableFaults } from "./yaml-file.ts";

/** Every fault of the file, a line each; none when it is right. */
export function lintCollector(text: string): readonly string[] {
  const { document, faults, documentedVariables } = readYamlFile(text);
  const parsed = DOCUMENT.safeParse(document);
  if (!parsed.success) return [...faults, ...(document === null ? [] : schemaFaults(DOCUMENT, document, ""))];
  return [
    ...faults,
    ...KINDS.flatMap((kind) => componentFaults(kind, parsed.data[kind])),
    ...extensionFaults(parsed.data),
    ...pipelineFaults(parsed.data),
    ...unusedFaults(parsed.data),
    ...oldVariables(document),
    ...variableFaults(usedVariables(document), documentedVariables),
  ];
}

const typeOf = (id: string): string => id.split("/")[0] ?? id;

function componentFaults(kind: Kind, declared: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(declared).flatMap(([id, settings]) => {
    const component = COMPONENTS[kind][typeOf(id)];
    if (component === undefined) {
      const known = Object.keys(COMPONENTS[kind]).join(", ");
      return [`${kind} → ${id}: there is no such part; known are ${known} (tests/collector/collector-keys.ts)`];
    }
    return schemaFaults(component.keys, settings ?? {}, `${kind} → ${id}`);
  });
}

function extensionFaults({ extensions, service }: CollectorDocument): readonly string[] {
  return [
    ...service.extensions
      .filter((id) => !Object.hasOwn(extensions, id))
      .map((id) => `service → extensions: ${id} is not declared`),
    ...Object.keys(extensions)
      .filter((id) => !service.extensions.includes(id))
      .map((id) => `extensions → ${id}: is not listed in service → extensions, so it is never started`),
  ];
}

const SIGNALS: readonly string[] = ["traces", "metrics", "logs"];
const PIPELINE_KINDS = ["receivers", "processors", "exporters"] as const;

function pipelineFaults(document: CollectorDocument): readonly string[] {
  return Object.entries(document.service.pipelines).flatMap(([name, pipeline]) => {
    const where = `service → pipelines → ${name}`;
    const signal = typeOf(name);
    const references = PIPELINE_KINDS.flatMap((kind) =>
      pipeline[kind].flatMap((id) => {
        if (!Object.hasOwn(document[kind], id)) return [`${where} → ${kind}: ${id} is not declared`];
        const signals = COMPONENTS[kind][typeOf(id)]?.signals;
        return signals === undefined || signals.includes(signal)
          ? []
          : [`${where} → ${kind}: ${id} carries ${signals.join(", ")}, not ${signal}`];
      }),
    );
    const types = pipeline.processors.map(typeOf);
    return [
      ...(SIGNALS.includes(signal) ? [] : [`${where}: ${signal} is no signal; known are ${SIGNALS.join(", ")}`]),
      ...references,
      ...(types[0] === "memory_limiter" ? [] : [`${where}: memory_limiter must be the first processor`]),
      ...(types.at(-1) === "batch" ? [] : [`${where}: batch must be the last processor`]),
    ];
  });
}

function unusedFaults(document: CollectorDocument): readonly string[] {
  const pipelines = Object.values(document.service.pipelines);
  return PIPELINE_KINDS.flatMap((kind) =>
    Object.keys(document[kind])
      .filter((id) => !pipelines.some((pipeline) => pipeline[kind].includes(id)))
      .map((id) => `${kind} → ${id}: no pipeline uses it`),
  );
}

const usedVariables = (document: unknown): ReadonlySet<string> =>
  new Set(textsIn(document).flatMap((text) => [...text.matchAll(/\$\{env:(\w+)/g)].map(([, name = ""]) => name)));

function oldVariables(document: unknown): readonly string[] {
  return textsIn(document)
    .flatMap((text) => [...text.matchAll(/\$(?:\{(?!env:)[^}]*\}|\w+)/g)].map(([written]) => written))
    .map((written) => `${written} is no variable: write \${env:NAME}`);
}
