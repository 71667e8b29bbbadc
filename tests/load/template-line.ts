/**
 * Makes many orders of one: a line of a template order, as `copy … to stdout` gives it, is cut where a copy must differ.
 *
 * Ids, times, the customer and the products are recognised by what they look like, wherever they stand, also inside of
 * JSON; so a column that is new needs no word here. The same value becomes the same in all tables of a copy. Ids that
 * bear a time move with it and stay in order; two copies of different times share none.
 */

/** What the template has of its own. */
export interface TemplateNames {
  readonly customer: string;
  readonly skus: readonly string[];
  /** Ms since the epoch. Numbers of JSON that lie within a day of it are times. */
  readonly placedAtMs: number;
}

/** What one copy has in their place. */
export interface CopyNames {
  /** Different for each copy. */
  readonly index: number;
  readonly customer: string;
  readonly skus: readonly string[];
  /** From the template's times to this copy's. */
  readonly shiftMs: number;
}

type Value = (copy: CopyNames) => string;

/** Values that lines share are made once a copy. */
export interface TemplateValues {
  readonly names: TemplateNames;
  readonly places: Map<string, number>;
  readonly values: Value[];
}

/** Texts with the place of a value behind each but the last. */
export interface TemplateLine {
  readonly texts: readonly string[];
  readonly places: readonly number[];
}

const DAY_MS = 24 * 3_600_000;
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const INSTANT = "\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,3})?(?:\\+00|Z)";

export const templateValues = (names: TemplateNames): TemplateValues => ({ names, places: new Map(), values: [] });

/** Cuts a line; what it shares with lines that were cut before gets the same place. */
export function cutLine({ names, places, values }: TemplateValues, line: string): TemplateLine {
  const words = [names.customer, ...names.skus].map((word) => `${word}(?!\\d)`);
  const texts: string[] = [];
  const own: number[] = [];
  let from = 0;
  for (const { 0: found, index } of line.matchAll(
    new RegExp([UUID, INSTANT, "\\b\\d{13}\\b", ...words].join("|"), "g"),
  )) {
    const value = replacement(names, found);
    if (value === undefined) continue;
    const place = places.get(found) ?? values.push(value) - 1;
    places.set(found, place);
    texts.push(line.slice(from, index));
    own.push(place);
    from = index + found.length;
  }
  return { texts: [...texts, line.slice(from)], places: own };
}

/** The values of a copy, for `copiedLine`. */
export const valuesOf = ({ values }: TemplateValues, copy: CopyNames): string[] => values.map((value) => value(copy));

/** A copy's line. */
export function copiedLine({ texts, places }: TemplateLine, values: readonly string[]): string {
  let line = texts[0] ?? "";
  for (let n = 0; n < places.length; n++) line += `${values[places[n] ?? -1]}${texts[n + 1]}`;
  return line;
}

function replacement({ customer, skus, placedAtMs }: TemplateNames, found: string): Value | undefined {
  if (found === customer) return (copy) => copy.customer;
  const sku = skus.indexOf(found);
  if (sku >= 0) return (copy) => copy.skus[sku] ?? "";
  if (/^\d{13}$/.test(found)) {
    const ms = Number(found);
    return Math.abs(ms - placedAtMs) < DAY_MS ? ({ shiftMs }) => String(ms + shiftMs) : undefined;
  }
  if (found.charAt(8) !== "-") {
    const ms = Date.parse(found.replace(" ", "T").replace("+00", "Z"));
    return ({ shiftMs }) => new Date(ms + shiftMs).toISOString();
  }
  const rest = found.slice(13);
  if (found.charAt(14) !== "7") return ({ index }) => `${dashed(scattered(index))}${rest}`;
  const ms = Number.parseInt(found.slice(0, 8) + found.slice(9, 13), 16);
  return ({ shiftMs }) => `${dashed(ms + shiftMs)}${rest}`;
}

/** The first 48 bits of a UUID. */
function dashed(number: number): string {
  const digits = number.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}

/** What is a digest has no order: neighbours go far apart, and no two of 2^32 to the same place. */
const scattered = (index: number) => (Math.imul(index + 1, 0x9e3779b1) >>> 0) * 0x10000;
