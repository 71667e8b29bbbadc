/**
 * What is wrong with a `.env` file. Bun reads such files before anything of ours runs and passes over what it does not
 * understand without a word, so a mistyped line would silently be a default. Values are never repeated: they may be
 * secrets.
 */

const BLANK_OR_COMMENT = /^\s*(?:#.*)?$/;
const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*[=:]\s*/;
/** After a closing quote. */
const END_OF_LINE = /^\s*(?:#.*)?$/;

/** The first fault as the end of a sentence that begins with the file's name, or null. */
export function envFileFault(text: string): string | null {
  if (text.includes("\0")) return "is not UTF-8 text: save it as UTF-8";
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (BLANK_OR_COMMENT.test(line)) continue;
    const [start] = ASSIGNMENT.exec(line) ?? [];
    if (start === undefined) return `line ${index + 1} is not NAME=value: mend it, or begin it with #`;
    const value = line.slice(start.length);
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote === undefined) continue;
    const rest = [value.slice(1), ...lines.slice(index + 1)].join("\n");
    const length = quotedLength(rest, quote);
    if (length === null)
      return `line ${index + 1} begins a value with ${quote} and nothing ends it: add the closing ${quote}`;
    const after = rest.slice(length + 1).split("\n")[0] ?? "";
    index += rest.slice(0, length).split("\n").length - 1;
    if (!END_OF_LINE.test(after))
      return `line ${index + 1} has more after its closing ${quote}: put a quote at both ends of the value`;
  }
  return null;
}

/** Where the value ends, in front of its closing quote; null when nothing closes it. */
function quotedLength(text: string, quote: string): number | null {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  return null;
}
