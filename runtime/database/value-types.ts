/**
 * How values cross the wire: parameters go as text, exactly as the caller wrote them, and results come back as plain
 * data. int8 becomes a number (and fails rather than lose digits), timestamptz milliseconds since the epoch,
 * json its value, numeric, date and timestamp stay text.
 */
import { DatabaseError, type Parameter } from "./port.ts";

const asText = (value: unknown) => String(value);

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} does not fit into a JavaScript number`);
  return value;
}

/** Reads `2026-01-31 10:00:00.5+00`, the form that DateStyle ISO and TimeZone UTC give. */
export function parseTimestamp(text: string): number {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-infinity") return Number.NEGATIVE_INFINITY;
  const value = Date.parse(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  if (Number.isNaN(value)) throw new RangeError(`cannot read the timestamp ${text}`);
  return value;
}

const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^,{}]+)/gs;

/** Reads a one-dimensional array such as `{a,"b c",NULL}`; further dimensions are flattened. */
export function parseArray<T>(text: string, element: (text: string) => T): (T | null)[] {
  const values: (T | null)[] = [];
  for (const [, quoted, bare] of text.matchAll(ELEMENT)) {
    if (quoted !== undefined) values.push(element(quoted.replace(/\\(.)/gs, "$1")));
    else if (bare !== undefined) values.push(bare === "NULL" ? null : element(bare));
  }
  return values;
}

const arrayOf =
  <T>(element: (text: string) => T) =>
  (text: string) =>
    parseArray(text, element);

/** A type for postgres.js: `from` are the type's oids in pg_type. */
const type = (from: number[], parse: (text: string) => unknown, serialize: (value: unknown) => string = asText) => ({
  to: from[0] ?? 0,
  from,
  parse,
  serialize,
});

const BOOLEAN = (value: unknown) => (value === true ? "t" : value === false ? "f" : String(value));

/** Replaces every type of postgres.js that would rewrite or could throw on a parameter. */
export const VALUE_TYPES = {
  string: type([25], asText),
  number: type([21, 23, 26, 700, 701], Number),
  boolean: type([16], (text) => text === "t", BOOLEAN),
  int8: type([20], parseInt8),
  json: type([114, 3802], (text) => JSON.parse(text)),
  timestamptz: type([1184], parseTimestamp),
  date: type([1082, 1114], asText),
  bytea: type([17], asText),
  textArray: type([1009, 1015, 2951], arrayOf(asText)),
  numberArray: type([1005, 1007, 1021, 1022], arrayOf(Number)),
  int8Array: type([1016], arrayOf(parseInt8)),
  timestamptzArray: type([1185], arrayOf(parseTimestamp)),
};

/** The protocol counts parameters in 16 bits. */
const MAX_PARAMETERS = 65_533;

/**
 * Refuses what the driver cannot send. It must happen before the driver sees the statement: an exception while it
 * writes a message makes it take one statement's answer for another's.
 */
export function checkParameters(params: readonly Parameter[]): DatabaseError | null {
  if (params.length > MAX_PARAMETERS) {
    return new DatabaseError("rejected", "54000", `${params.length} parameters; the most is ${MAX_PARAMETERS}`);
  }
  const wrong = params.findIndex(
    (value: unknown) =>
      !(value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"),
  );
  if (wrong < 0) return null;
  return new DatabaseError("rejected", "22023", `parameter $${wrong + 1} is a ${typeof params[wrong]}`);
}
