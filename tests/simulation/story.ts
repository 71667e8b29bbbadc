/**
 * The story of a seed for the person who must find the bug: in plain sentences with virtual times, what happened to the
 * orders that the violations name, and what happened to the replicas meanwhile.
 */
import type { Statement } from "../../runtime/database/port.ts";
import type { Told } from "./trace.ts";

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|SKU-\d+/g;

/** The ids and articles that a text names, each once. */
export const idsInText = (text: string): string[] => [...new Set(text.match(ID))];

/** The same for what statements are given. */
export const idsIn = (statements: readonly Statement[]): string[] => [
  ...new Set(statements.flatMap(({ params }) => params.flatMap((param) => String(param).match(ID) ?? []))),
];

/** What the workload knows that a reader needs. */
export interface Reading {
  /** What the story is to be about: ids as in `Told.about`. Few, so that it can be read. */
  readonly subjects: ReadonlySet<string>;
  /** What a reader calls an id. */
  readonly names: ReadonlyMap<string, string>;
  /** How things stand at the end, one sentence each. */
  readonly ending: readonly string[];
}

/** Only what concerns the subjects, or everybody; what repeats itself at once is said once. */
export function tellStory(told: readonly Told[], { subjects, names, ending }: Reading): string[] {
  const rename = (text: string) => text.replace(ID, (id) => names.get(id) ?? id);
  const concerns = (ids: readonly string[]) => ids.length === 0 || ids.some((id) => subjects.has(id));
  const lines: { readonly at: string; readonly text: string; times: number }[] = [];
  for (const { atMs, about, text, parts } of told) {
    const mine = parts?.filter((part) => concerns(idsInText(part)));
    if (!concerns(about) || mine?.length === 0) continue;
    const left = (parts?.length ?? 0) - (mine?.length ?? 0);
    const sentence = rename(`${text}${mine?.join("; ") ?? ""}${left > 0 ? ` (and ${left} for others)` : ""}`);
    const last = lines.at(-1);
    if (last?.text === sentence) last.times += 1;
    else lines.push({ at: `${(atMs / 1000).toFixed(3)} s`.padStart(11), text: sentence, times: 1 });
  }
  return [
    ...lines.map(({ at, text, times }) => `${at}  ${text}${times > 1 ? ` (${times} times)` : ""}`),
    ...ending.map((text) => ` at the end  ${rename(text)}`),
  ];
}
