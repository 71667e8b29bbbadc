/** A configuration file as the linters read it: its document, its keys, and the environment variables that it names. */

export interface YamlFile {
  readonly document: unknown;
  /** What is wrong with the text itself. */
  readonly faults: readonly string[];
  /** Told of in the comment at the head of the file: `#   NAME  what it is`. */
  readonly documentedVariables: ReadonlySet<string>;
}

/** Reads the text; a text that is no YAML has no document and one fault. */
export function readYamlFile(text: string): YamlFile {
  const documentedVariables = variablesOfHead(text);
  try {
    return { document: Bun.YAML.parse(text), faults: repeatedKeys(text), documentedVariables };
  } catch (error) {
    return { document: null, faults: [`is no YAML: ${String(error)}`], documentedVariables };
  }
}

/** Faults of variables that are used and not told of, or told of and not used. */
export function variableFaults(used: ReadonlySet<string>, documented: ReadonlySet<string>): readonly string[] {
  return [
    ...[...used.difference(documented)].map(
      (name) => `\${${name}} is used, and the comment at the head of the file does not say what it is`,
    ),
    ...[...documented.difference(used)].map((name) => `the comment at the head tells of ${name}, which nothing uses`),
  ];
}

/** Every text in a document, keys left out. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

function variablesOfHead(text: string): ReadonlySet<string> {
  const lines = text.split("\n");
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("#")),
  );
  const start = head.findIndex((line) => /^# Variables\b/.test(line));
  if (start === -1) return new Set();
  return new Set(head.slice(start).flatMap((line) => /^#\s{3}([A-Z][A-Z0-9_]*) {2,}\S/.exec(line)?.[1] ?? []));
}

/**
 * Keys that stand twice in one map of block style: parsers take the last of them without a word, the programs refuse the
 * file. What is inside of `{ }` is not looked at.
 */
function repeatedKeys(text: string): readonly string[] {
  const faults: string[] = [];
  let open: { readonly indent: number; readonly keys: Set<string> }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const found = /^(?<before> *(?:- +)*)(?<key>[^-\s#:'"{[][^:#]*):(?: |$)/.exec(line)?.groups;
    if (found?.before === undefined || found.key === undefined) continue;
    const indent = found.before.length;
    // A dash begins another map at the same depth.
    open = open.filter((each) => (found.before?.includes("-") ? each.indent < indent : each.indent <= indent));
    const last = open.at(-1);
    const map = last?.indent === indent ? last : { indent, keys: new Set<string>() };
    if (map !== last) open.push(map);
    if (map.keys.has(found.key)) faults.push(`line ${index + 1}: ${found.key} stands twice in the same map`);
    map.keys.add(found.key);
  }
  return faults;
}
