/**
 * What the product logs against its list, docs/logs.md: each event has one row, with the levels that it is told at, and
 * each row has an event. A call names its event by a literal, or nobody could find it.
 */
import type { Token } from "./lexer.ts";
import type { SourceFile } from "./tree.ts";

export const LIST = "docs/logs.md";

const LEVELS: ReadonlySet<string> = new Set(["debug", "info", "warn", "error"]);

interface Told {
  readonly event: string;
  readonly levels: readonly string[];
  readonly place: string;
}

/** What is not listed as it is told, and what is listed and not told; empty when the list is current. */
export function staleLogEvents(files: readonly SourceFile[], list: string): readonly string[] {
  const faults: string[] = [];
  const listed = rowsOf(list);
  const told = new Map<string, Set<string>>();
  for (const { event, levels, place } of files.filter(isProduct).flatMap((file) => toldIn(file, faults))) {
    const all = told.get(event) ?? new Set<string>();
    for (const level of levels) all.add(level);
    told.set(event, all);
    if (!listed.has(event)) faults.push(`${place}  ${event} has no row in ${LIST}: add one`);
  }
  for (const [event, levels] of listed) {
    const own = told.get(event);
    if (own === undefined) faults.push(`${LIST}  nothing logs ${event}: remove its row`);
    else if ([...own].sort().join() !== [...levels].sort().join())
      faults.push(`${LIST}  ${event} is told at ${[...own].join(", ")}: its row says ${levels.join(", ")}`);
  }
  return faults;
}

const isProduct = ({ path, isTest }: SourceFile) => /^(?:modules|runtime)\//.test(path) && !isTest;

/** Each event by its levels. */
function rowsOf(list: string): ReadonlyMap<string, readonly string[]> {
  const rows = list.matchAll(/^\| `([^`]+)` *\| *([a-z, ]+?) *\|/gm);
  return new Map([...rows].map(([, event = "", levels = ""]) => [event, levels.split(", ")]));
}

function toldIn({ path, tokens }: SourceFile, faults: string[]): readonly Told[] {
  return tokens.flatMap((token, index): readonly Told[] => {
    if (token.kind !== "word" || token.text !== "log" || tokens[index + 1]?.text !== "(") return [];
    const level = argumentAt(tokens, index + 2);
    const levels = level.flatMap(({ kind, text }) => (kind === "string" && LEVELS.has(text) ? [text] : []));
    if (levels.length === 0) return [];
    const place = `${path}:${token.line}`;
    const [event, ...others] = argumentAt(tokens, index + 2 + level.length + 1);
    if (event?.kind === "string" && others.length === 0) return [{ event: event.text, levels, place }];
    faults.push(`${place}  an event is named by one literal, so that it can be found`);
    return [];
  });
}

/** The tokens of an argument that begins there, up to its comma or the end of the call. */
function argumentAt(tokens: readonly Token[], start: number): readonly Token[] {
  let depth = 0;
  for (let end = start; end < tokens.length; end++) {
    const { kind, text } = tokens[end] ?? { kind: "punctuation", text: "" };
    if (kind !== "punctuation") continue;
    if (depth === 0 && (text === "," || text === ")")) return tokens.slice(start, end);
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text)) depth--;
  }
  return tokens.slice(start);
}
