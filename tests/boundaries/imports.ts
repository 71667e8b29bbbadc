/** Reads what a file imports from its tokens. */
import type { Token } from "./lexer.ts";

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Imports, re-exports and `import("…")` with a constant path, types included, in the order they stand. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const imports: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || (token.text !== "import" && token.text !== "export")) continue;
    if (tokens[index - 1]?.text === ".") continue;
    const specifier = token.text === "import" ? importAt(tokens, index) : exportAt(tokens, index);
    if (specifier !== undefined) imports.push({ specifier, line: token.line });
  }
  return imports;
}

function importAt(tokens: readonly Token[], index: number): string | undefined {
  const next = tokens[index + 1];
  if (next?.kind === "string") return next.text;
  if (next?.text !== "(") return fromClause(tokens, index + 1);
  const path = tokens[index + 2];
  return path?.kind === "string" || path?.kind === "template" ? path.text : undefined;
}

function exportAt(tokens: readonly Token[], index: number): string | undefined {
  const start = tokens[index + (tokens[index + 1]?.text === "type" ? 2 : 1)];
  return start?.text === "*" || start?.text === "{" ? fromClause(tokens, index + 1) : undefined;
}

/** The path after `from`, when only names, braces, commas and stars stand before it. */
function fromClause(tokens: readonly Token[], start: number): string | undefined {
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) return undefined;
    const path = tokens[index + 1];
    if (token.text === "from" && path?.kind === "string") return path.text;
    if (token.kind !== "word" && token.kind !== "string" && !["{", "}", ",", "*"].includes(token.text))
      return undefined;
  }
  return undefined;
}
