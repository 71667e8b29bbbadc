import * as z from "zod";

/**
 * Blanks, then something that is none, then whatever is printable. What one class takes the next one does not: otherwise
 * a long text would be gone through once for each of its characters before it is refused.
 */
const PRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the classes by name (p{Cc}) are not known to all who read the OpenAPI document
  /^[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$/;

/** Text a person typed: not blank, no control characters. */
export const line = (max: number) =>
  z.string().max(max, { abort: true }).regex(PRINTABLE, "must not be blank or hold control characters");
