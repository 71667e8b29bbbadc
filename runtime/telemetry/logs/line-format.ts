/**
 * A log entry as one line of JSON, for collectors, or as text, for people at a terminal. Whatever an entry holds, its
 * JSON is one line that a container runtime does not cut (16 KiB), and neither holds anything that a terminal obeys.
 */
import type { LogEntry, LogLevel, Printable } from "../../log.ts";

const LINE_LIMIT_BYTES = 15_000;
/** The most characters of a text; where the line is still too long, a quarter of that, and so on. */
const TEXT_LIMIT = 4_000;
const LISTED_LIMIT = 300;
const LIST_LIMIT = 50;
const FIELDS_LIMIT = 40;

/** What stands first, in this order. */
const FIRST = ["service", "instance", "module", "orderId", "key", "traceId"];

/** One line of JSON; `time` is RFC 3339 in UTC. */
export function jsonLine(entry: LogEntry): string {
  let limit = TEXT_LIMIT;
  let line = jsonOf(entry, limit);
  while (Buffer.byteLength(line) > LINE_LIMIT_BYTES && limit > 1) {
    limit = Math.ceil(limit / 4);
    line = jsonOf(entry, limit);
  }
  return line;
}

function jsonOf({ timeMs, level, event, fields }: LogEntry, textLimit: number): string {
  const told = toldFields(fields).map(([name, value]) => [name, cut(value, textLimit)] as const);
  const json = JSON.stringify({ time: new Date(timeMs).toISOString(), level, event, ...Object.fromEntries(told) });
  // JSON may hold what ends a line, or commands a terminal, for whoever reads it there; as escapes it is the same text.
  return printable(json);
}

function toldFields(fields: LogEntry["fields"]): readonly (readonly [string, Printable])[] {
  const first = FIRST.map((name) => [name, fields[name]] as const);
  const others = Object.entries(fields).filter(([name]) => !FIRST.includes(name));
  return [...first, ...others].filter(([, value]) => value !== undefined).slice(0, FIELDS_LIMIT);
}

function cut(value: Printable, limit: number): Printable {
  if (typeof value === "string") return cutText(value, limit);
  if (!Array.isArray(value)) return value;
  const count = Math.ceil((LIST_LIMIT * limit) / TEXT_LIMIT);
  const shown = value.slice(0, count).map((each) => cutText(each, Math.min(limit, LISTED_LIMIT)));
  return value.length > count ? [...shown, `… and ${value.length - count} more`] : shown;
}

const cutText = (text: string, limit: number) =>
  text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} characters more)`;

const COLOURS: Readonly<Record<LogLevel, string>> = { debug: "2", info: "32", warn: "33", error: "31;1" };
/** Whoever reads a terminal knows which process is in it. */
const LEFT_OUT: ReadonlySet<string> = new Set(["service", "instance", "module", "message"]);

/**
 * Time of day, level, event, module, then the message or `key=value`; further lines of a text, such as a stack, stand
 * indented below.
 */
export function textLine({ timeMs, level, event, fields }: LogEntry, coloured: boolean): string {
  const paint = (code: string, text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
  const { module, message, key, orderId } = fields;
  const head = [paint("2", timeOf(timeMs)), paint(COLOURS[level], level.toUpperCase().padEnd(5)), paint("1", event)];
  if (typeof module === "string") head.push(printable(module));
  const below: string[] = [];
  const inOneLine = (text: string) => {
    const [first = "", ...others] = text.split("\n");
    below.push(...others.map((line) => `    ${printable(line.trim())}`));
    return first;
  };
  if (typeof message === "string") head.push(printable(inOneLine(cutText(message, TEXT_LIMIT))));
  for (const [name, value] of toldFields(fields)) {
    if (LEFT_OUT.has(name) || value === null || (name === "key" && key === orderId)) continue;
    const shown = cut(value, TEXT_LIMIT);
    head.push(`${paint("2", `${name}=`)}${shownAs(typeof shown === "string" ? inOneLine(shown) : shown)}`);
  }
  return [head.join(" "), ...below].join("\n");
}

/** As on the reader's watch. */
function timeOf(timeMs: number): string {
  const time = new Date(timeMs);
  const digits = (value: number, length = 2) => String(value).padStart(length, "0");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((each) => digits(each)).join(":");
  return `${clock}.${digits(time.getMilliseconds(), 3)}`;
}

function shownAs(value: Printable): string {
  if (Array.isArray(value)) return value.map(shownAs).join(",");
  const text = String(value);
  return /^[\p{L}\p{N}._:/@+#-]+$/u.test(text) ? text : printable(JSON.stringify(text));
}

/** Control and formatting characters as their escapes. */
const printable = (text: string) =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (each) => each.split("").map(escapeOf).join(""));

const escapeOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
