/**
 * Finds in a configuration of Fluent Bit what Fluent Bit itself would refuse or pass over: keys that no plugin has,
 * parsers that are not declared, patterns that no tag matches, records that no output takes.
 */
import {
  BUILT_IN_MULTILINE_PARSERS,
  DOCUMENT,
  type FluentBitDocument,
  PLUGIN_KINDS,
  PLUGINS,
  type PluginKind,
  SERVICE,
} from "./fluent-bit-keys.ts";
import { schemaFaults } from "./schema-faults.ts";
import { readYamlFile, textsIn, variableFaults } from "./yaml-file.ts";

type Settings = Readonly<Record<string, unknown>>;

interface Part {
  readonly where: string;
  readonly kind: PluginKind;
  readonly name: string;
  /** By their keys in small letters, as Fluent Bit reads them. */
  readonly settings: Settings;
}

/** Every fault of the file, a line each; none when it is right. */
export function lintFluentBit(source: string): readonly string[] {
  const { document, faults, documentedVariables } = readYamlFile(source);
  const parsed = DOCUMENT.safeParse(document);
  if (!parsed.success) return [...faults, ...(document === null ? [] : schemaFaults(DOCUMENT, document, ""))];
  const service = smallLetters(parsed.data.service);
  const parts = partsOf(parsed.data);
  return [
    ...faults,
    ...schemaFaults(SERVICE, service, "service"),
    ...serviceFaults(service, parts),
    ...parts.flatMap(partFaults),
    ...sameFaults(parts, "alias"),
    ...sameFaults(parts, "db"),
    ...parserFaults(parsed.data, parts),
    ...routeFaults(parts),
    ...variableFaults(usedVariables(document), documentedVariables),
  ];
}

const smallLetters = (settings: Settings): Settings =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.toLowerCase(), value]));

const partsOf = ({ pipeline }: FluentBitDocument): readonly Part[] =>
  PLUGIN_KINDS.flatMap((kind) =>
    pipeline[kind].map((part, index) => ({
      where: `pipeline → ${kind} → ${index + 1} (${part.name})`,
      kind,
      name: part.name,
      settings: smallLetters(part),
    })),
  );

function partFaults({ where, kind, name, settings }: Part): readonly string[] {
  const keys = PLUGINS[kind][name];
  if (keys === undefined) {
    const known = Object.keys(PLUGINS[kind]).join(", ");
    return [`${where}: there is no such plugin; known are ${known} (tests/collector/fluent-bit-keys.ts)`];
  }
  const isMatched = settings["match"] !== undefined || settings["match_regex"] !== undefined;
  return [
    ...schemaFaults(keys, settings, where),
    ...(kind === "inputs" || isMatched ? [] : [`${where}: has no match, so it is given nothing`]),
  ];
}

const isOn = (value: unknown): boolean => value === true || ["on", "true", "yes"].includes(String(value));

function serviceFaults(service: Settings, parts: readonly Part[]): readonly string[] {
  const isBuffered = parts.some(({ settings }) => settings["storage.type"] === "filesystem");
  return [
    ...(isOn(service["health_check"]) && isOn(service["http_server"])
      ? []
      : ["service: health_check and http_server must be on, or no probe is answered"]),
    ...(isBuffered && service["storage.path"] === undefined
      ? ["service: an input has storage.type: filesystem, and there is no storage.path"]
      : []),
  ];
}

/** Settings of which each part needs one of its own. */
function sameFaults(parts: readonly Part[], key: string): readonly string[] {
  const seen = new Set<unknown>();
  return parts.flatMap(({ where, settings }) => {
    const value = settings[key];
    if (value === undefined) return [];
    if (seen.has(value)) return [`${where} → ${key}: ${String(value)} belongs to another part already`];
    seen.add(value);
    return [];
  });
}

const namesIn = (value: unknown): readonly string[] =>
  typeof value === "string" ? value.split(",").map((name) => name.trim()) : [];

function parserFaults({ parsers = [], multiline_parsers = [] }: FluentBitDocument, parts: readonly Part[]) {
  const families = [
    {
      section: "parsers",
      keys: ["parser", "merge_parser", "regex_parser", "docker_mode_parser"],
      declared: parsers,
      builtIn: [],
    },
    {
      section: "multiline_parsers",
      keys: ["multiline.parser"],
      declared: multiline_parsers,
      builtIn: BUILT_IN_MULTILINE_PARSERS,
    },
  ];
  return families.flatMap(({ section, keys, declared, builtIn }) => {
    const names = declared.map(({ name }) => name);
    const used = parts.flatMap(({ where, settings }) =>
      keys.flatMap((key) => namesIn(settings[key]).map((name) => ({ where, key, name }))),
    );
    return [
      ...used
        .filter(({ name }) => !names.includes(name) && !builtIn.includes(name))
        .map(({ where, key, name }) => `${where} → ${key}: there is no parser ${name} in ${section}`),
      ...names
        .filter((name) => !used.some((each) => each.name === name))
        .map((name) => `${section} → ${name}: nothing uses it`),
    ];
  });
}

/** Tags as records carry them: `tail` puts the path of the file, with dots for slashes, in the place of the star. */
function tagsOf(parts: readonly Part[]): readonly { readonly where: string; readonly tag: string }[] {
  return parts.flatMap(({ kind, where, settings }) => {
    const { tag, path } = settings;
    if (kind !== "inputs" || typeof tag !== "string" || typeof path !== "string") return [];
    const file = path.split(",")[0]?.trim().slice(1).replaceAll("/", ".").replaceAll("*", "x") ?? "";
    return [{ where, tag: tag.replace("*", file) }];
  });
}

function isMatch({ settings }: Part, tag: string): boolean {
  const { match, match_regex: expression } = settings;
  if (typeof expression === "string") return new RegExp(expression).test(tag);
  if (typeof match !== "string") return false;
  const pattern = match.split("*").map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(tag);
}

function routeFaults(parts: readonly Part[]): readonly string[] {
  const tags = tagsOf(parts);
  const outputs = parts.filter(({ kind }) => kind === "outputs");
  return [
    ...parts
      .filter((part) => part.kind !== "inputs" && !tags.some(({ tag }) => isMatch(part, tag)))
      .map(({ where, settings }) => `${where}: no tag matches ${String(settings["match"] ?? settings["match_regex"])}`),
    ...tags
      .filter(({ tag }) => !outputs.some((output) => isMatch(output, tag)))
      .map(({ where, tag }) => `${where}: no output takes what is tagged ${tag}`),
    ...parts.flatMap(({ where, settings }) => {
      const prefix = settings["kube_tag_prefix"];
      if (typeof prefix !== "string" || tags.some(({ tag }) => tag.startsWith(prefix))) return [];
      return [`${where} → kube_tag_prefix: no tag begins with ${prefix}, so no name is found in it`];
    }),
  ];
}

const usedVariables = (document: unknown): ReadonlySet<string> =>
  new Set(textsIn(document).flatMap((text) => [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name)));
