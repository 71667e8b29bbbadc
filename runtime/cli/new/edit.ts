import { UsageError } from "../arguments.ts";

/** A text that goes into a file that is there. */
export interface Edit {
  readonly path: string;
  /** What it stands behind. */
  readonly after: RegExp;
  readonly insert: string;
  /** It is not needed where the file has this. */
  readonly unless?: RegExp;
}

/** Its order among the others is the formatter's business. */
export const FIRST_IMPORT = /^import [^;]*;\n/m;

/** The file's text with it; a `UsageError` where its place is not as `new` once wrote it. */
export function edited(text: string, { path, after, insert, unless }: Edit): string {
  if (unless?.test(text)) return text;
  const found = after.exec(text);
  if (!found)
    throw new UsageError(
      `${path} has no place for it: \`new\` extends modules that \`new module\` has written. Write it by hand, as docs/add-a-module.md tells`,
    );
  const end = found.index + found[0].length;
  return text.slice(0, end) + insert + text.slice(end);
}
