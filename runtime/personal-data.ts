/**
 * Personal data and where it may be. It travels in requests, answers, messages and rows, to those who need it; it does
 * not pass into what is kept to run the platform: log lines, and errors of failed requests and of dead letters.
 *
 * Log fields are typed (log.ts), so no object that holds it gets there. Errors are texts, and whoever throws may
 * put anything into them. So where an error leaves what was being handled (a request, a message, an aggregate, a call),
 * its text loses every value that stands there under one of the names below. Names count, not places: a new contract that
 * calls a name of its own personal adds it here. What an error says beside that, such as ids and states, stays.
 */
import { REDACTED } from "./secret.ts";

/** What fields are called that hold it, with all that is in them. */
const PERSONAL_FIELDS: ReadonlySet<string> = new Set([
  "name",
  "line1",
  "line2",
  "city",
  "region",
  "postalCode",
  "email",
  "phone",
  "recipient",
  "device",
  "token",
  "paymentToken",
  "reason",
  "subject",
  "text",
]);

export const isPersonal = (field: string): boolean => PERSONAL_FIELDS.has(field);

/** A single letter would take too much else away. */
const SHORTEST = 2;
/** What is shorter stands within other words by chance: it goes only where it is a word of its own. */
const SHORTEST_WITHIN_WORDS = 4;
/** A letter of those who write spaces between words. Elsewhere, as in Chinese, a word ends nowhere that can be seen. */
const LETTER = "[\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}\\p{N}_]";
const WORD_EDGE = `(?<!${LETTER}(?=${LETTER}))`;

/** The text without the personal data that is in `sources`: plain data, or JSON texts of it. */
export function withoutPersonal(text: string, sources: readonly unknown[]): string {
  const values = new Set<string>();
  for (const source of sources) collect(source, false, values);
  let cleared = text;
  // A value may hold another: the longest goes first.
  for (const value of [...values].sort((a, b) => b.length - a.length))
    cleared = cleared.replaceAll(value.length < SHORTEST_WITHIN_WORDS ? wordOf(value) : value, REDACTED);
  return cleared;
}

const wordOf = (value: string) => new RegExp(`${WORD_EDGE}${RegExp.escape(value)}${WORD_EDGE}`, "gu");

/**
 * The error itself, its message and stack without the personal data in `sources`; so for what is behind it. Of a stack
 * only what it says before the places in the code, in which nobody's data is.
 */
export function clearedError(error: unknown, sources: readonly unknown[]): unknown {
  if (typeof error === "string") return withoutPersonal(error, sources);
  const seen = new Set<Error>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    const { message, stack } = each;
    const cleared = withoutPersonal(message, sources);
    replace(each, "message", message, cleared);
    if (stack === undefined) continue;
    // The whole message first: one of several lines may hold a line that looks like a place.
    const told = stack.replaceAll(message, () => cleared);
    const places = told.search(/^\s+at /m);
    const head = places === -1 ? told : told.slice(0, places);
    replace(each, "stack", stack, withoutPersonal(head, sources) + told.slice(head.length));
  }
  return error;
}

/** Some errors, such as those of an AbortSignal, have a message that cannot be assigned. */
function replace(error: Error, field: "message" | "stack", before: string, value: string) {
  if (value !== before) Reflect.defineProperty(error, field, { value, configurable: true, writable: true });
}

function collect(value: unknown, personal: boolean, into: Set<string>): void {
  if (typeof value === "string") {
    const parsed = /^\s*[[{]/.test(value) ? parse(value) : undefined;
    if (parsed !== undefined) collect(parsed, personal, into);
    if (personal && value.length >= SHORTEST) into.add(value).add(JSON.stringify(value).slice(1, -1));
  } else if (typeof value === "object" && value !== null)
    for (const [field, held] of Object.entries(value)) collect(held, personal || isPersonal(field), into);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
