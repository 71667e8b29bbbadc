/** What a document tells its reader to do, in order: the code blocks of a Markdown text. */
export interface Block {
  /** `sh`, `text`, `diff`, … */
  readonly language: string;
  /** What stands behind the language: for whom it is, or the file that it changes. */
  readonly note: string;
  readonly text: string;
  readonly line: number;
}

/** The fenced blocks of a document. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\S*)(?: (.*))?\n([\s\S]*?)^```$/gm)].map((found) => ({
    language: found[1] ?? "",
    note: found[2] ?? "",
    text: found[3] ?? "",
    line: markdown.slice(0, found.index).split("\n").length,
  }));
}

/** A text after the change that a `diff` block shows; what it takes away or keeps must be there once. */
export function patched(text: string, diff: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (sign: "-" | "+") =>
    lines
      .filter((line) => line.startsWith(sign) || line.startsWith(" "))
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const parts = text.split(side("-"));
  if (parts.length !== 2) throw new Error(`this is there ${parts.length - 1} times, not once:\n${side("-")}`);
  return parts.join(side("+"));
}

/** The lines of an expected text that the output does not have, in that order; `…` stands for anything in a line. */
export function missingFrom(output: string, expected: string): readonly string[] {
  const missing: string[] = [];
  let rest = output.split("\n");
  for (const line of expected.trimEnd().split("\n")) {
    const pattern = new RegExp(`^${line.split("…").map(RegExp.escape).join(".*")}$`);
    const at = rest.findIndex((each) => pattern.test(each));
    if (at === -1) missing.push(line);
    else rest = rest.slice(at + 1);
  }
  return missing;
}
