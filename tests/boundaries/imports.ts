/** Reads what a file imports from its tokens. */
import type { Token } from "./lexer.ts";

export interface Import {
  readonly specifier: string;
  /** `import type` or `export type`: gone when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Imports, re-exports and `import("…")` with a constant path, in the order they stand. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const imports: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || (token.text !== "import" && token.text !== "export")) continue;
    if (tokens[index - 1]?.text === ".") continue;
    const found = token.text === "import" ? importAt(tokens, index) : exportAt(tokens, index);
    if (found !== undefined) imports.push({ ...found, line: token.line });
  }
  return imports;
}

type Found = Pick<Import, "specifier" | "typeOnly">;

function importAt(tokens: readonly Token[], index: number): Found | undefined {
  const next = tokens[index + 1];
  if (next?.kind === "string") return { specifier: next.text, typeOnly: false };
  if (next?.text === "(") {
    const path = tokens[index + 2];
    if (path?.kind !== "string" && path?.kind !== "template") return undefined;
    return { specifier: path.text, typeOnly: isTypeQuery(tokens, index) };
  }
  const afterType = tokens[index + 2];
  const typeOnly = next?.text === "type" && afterType?.text !== "from" && afterType?.text !== ",";
  return fromClause(tokens, index + 1, typeOnly);
}

/** `typeof import("…")` asks for a type only. */
function isTypeQuery(tokens: readonly Token[], index: number): boolean {
  return tokens[index - 1]?.text === "typeof";
}

function exportAt(tokens: readonly Token[], index: number): Found | undefined {
  const typeOnly = tokens[index + 1]?.text === "type";
  const start = tokens[index + (typeOnly ? 2 : 1)];
  if (start?.text !== "*" && start?.text !== "{") return undefined;
  return fromClause(tokens, index + 1, typeOnly);
}

/** The path after `from`, when only names, braces, commas and stars stand before it. */
function fromClause(tokens: readonly Token[], start: number, typeOnly: boolean): Found | undefined {
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) return undefined;
    const path = tokens[index + 1];
    if (token.text === "from" && path?.kind === "string") return { specifier: path.text, typeOnly };
    if (token.kind !== "word" && token.kind !== "string" && !["{", "}", ",", "*"].includes(token.text))
      return undefined;
  }
  return undefined;
}
