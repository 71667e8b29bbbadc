/**
 * Cuts TypeScript into tokens, comments left out: enough to read imports, calls and literals without being fooled by
 * what stands in a comment or a string. Code inside a template's `${}` is cut as well; the template's own text has
 * `${}` in those places.
 */
export interface Token {
  readonly kind: "word" | "string" | "template" | "number" | "regex" | "punctuation";
  /** Of a literal, its content without quotes and with escapes as written. */
  readonly text: string;
  readonly line: number;
}

/** After these words a slash begins a regular expression, not a division. */
const BEFORE_REGEX = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "delete",
  "void",
  "throw",
  "new",
  "else",
  "do",
  "await",
  "yield",
]);

const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\d[\w.]*/y;
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const STRING = /(["'])((?:\\[\s\S]|(?!\1)[^\\\n])*)\1?/y;

/** All tokens of `source`, those inside templates after the template they stand in. */
export function tokenise(source: string, firstLine = 1): Token[] {
  const tokens: Token[] = [];
  let line = firstLine;
  for (let at = 0; at < source.length; ) {
    const blank = blankLength(source, at);
    const piece = blank > 0 ? undefined : readPiece(source, at, tokens.at(-1));
    if (piece !== undefined) {
      tokens.push({ kind: piece.kind, text: piece.text, line });
      for (const { code, offset } of piece.expressions ?? []) {
        tokens.push(...tokenise(code, line + countLines(source.slice(at, at + offset))));
      }
    }
    const length = piece?.length ?? blank;
    line += countLines(source.slice(at, at + length));
    at += length;
  }
  return tokens;
}

/** How much white space or comment stands at `at`. */
function blankLength(source: string, at: number): number {
  const pair = source.slice(at, at + 2);
  if (pair === "//" || (at === 0 && pair === "#!")) return lengthUntil(source, at, "\n");
  if (pair === "/*") return lengthUntil(source, at, "*/", 2);
  return /\s/.test(pair[0] ?? "") ? 1 : 0;
}

interface Piece {
  readonly kind: Token["kind"];
  readonly text: string;
  readonly length: number;
  readonly expressions?: Template["expressions"];
}

function readPiece(source: string, at: number, before: Token | undefined): Piece {
  const character = source[at] ?? "";
  if (character === "`") return { kind: "template", ...readTemplate(source, at) };
  const patterns: [Token["kind"], RegExp][] = [
    ["string", STRING],
    ["word", WORD],
    ["number", NUMBER],
  ];
  if (regexMayFollow(before)) patterns.push(["regex", REGEX]);
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found !== null) return { kind, text: kind === "string" ? (found[2] ?? "") : found[0], length: found[0].length };
  }
  return { kind: "punctuation", text: character, length: 1 };
}

function regexMayFollow(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return BEFORE_REGEX.has(before.text);
  return before.kind === "punctuation" && before.text !== ")" && before.text !== "]" && before.text !== "}";
}

function lengthUntil(source: string, at: number, end: string, from = 0): number {
  const found = source.indexOf(end, at + from);
  return found < 0 ? source.length - at : found - at + from;
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

interface Template {
  readonly text: string;
  readonly length: number;
  readonly expressions: readonly { readonly code: string; readonly offset: number }[];
}

function readTemplate(source: string, start: number): Template {
  let text = "";
  const expressions: { code: string; offset: number }[] = [];
  let at = start + 1;
  while (at < source.length && source[at] !== "`") {
    if (source[at] === "\\") {
      text += source.slice(at, at + 2);
      at += 2;
    } else if (source.startsWith("${", at)) {
      const end = endOfExpression(source, at + 2);
      expressions.push({ code: source.slice(at + 2, end), offset: at + 2 - start });
      text += "${}";
      at = end + 1;
    } else text += source[at++];
  }
  return { text, length: at + 1 - start, expressions };
}

/** Where the brace is that ends the expression which begins at `start`. */
function endOfExpression(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; ) {
    const character = source[at];
    if (character === "`") at += readTemplate(source, at).length;
    else if (character === '"' || character === "'") {
      STRING.lastIndex = at;
      at += STRING.exec(source)?.[0].length ?? 1;
    } else {
      if (character === "}" && depth === 0) return at;
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      at += 1;
    }
  }
  return source.length;
}
