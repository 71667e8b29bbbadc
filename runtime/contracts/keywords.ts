/** What two schemas that are no unions say of a value itself: its type, its values, its bounds; not of what is in it. */
import { type JsonSchema, stableJson } from "./json-schema.ts";

/** They describe, and decide nothing. */
const ANNOTATIONS = new Set(
  "$schema $id id $comment $defs title description default examples example deprecated readOnly writeOnly".split(" "),
);

/** What is compared by its meaning, here or by who looks into the value. */
const UNDERSTOOD = new Set([
  ...["type", "const", "enum", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"],
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"],
  ...["items", "properties", "required", "additionalProperties", "propertyNames"],
]);

/** Whether the keyword decides what is refused. */
export const isAssertion = (keyword: string) => !ANNOTATIONS.has(keyword);

/** Every value fits it. */
export const ANYTHING: JsonSchema = {};

/** No value fits it. */
export const NEVER: JsonSchema = { not: {} };

/** Whether no value fits the schema. */
export const isNever = ({ not }: JsonSchema): boolean =>
  typeof not === "object" && not !== null && Object.keys(not).length === 0;

/** The types of a schema's values; undefined: all. */
export function typesOf(schema: JsonSchema): readonly string[] | undefined {
  if (schema.type !== undefined) return typeof schema.type === "string" ? [schema.type] : schema.type;
  return valuesOf(schema)?.map((value) => {
    if (value === null) return "null";
    return Array.isArray(value) ? "array" : typeof value;
  });
}

/** The only values there are; undefined: no list of them. */
const valuesOf = (schema: JsonSchema): readonly unknown[] | undefined =>
  schema.const === undefined ? schema.enum : [schema.const];

const covers = (wide: string, narrow: string) => wide === narrow || (wide === "number" && narrow === "integer");

/** Whether no value is of both, by their types and by their lists of values. */
export function areApart(one: JsonSchema, other: JsonSchema): boolean {
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (types && otherTypes && !types.some((a) => otherTypes.some((b) => covers(a, b) || covers(b, a)))) return true;
  const [values, otherValues] = [valuesOf(one)?.map(stableJson), valuesOf(other)?.map(stableJson)];
  return values !== undefined && otherValues !== undefined && !values.some((value) => otherValues.includes(value));
}

/** Why what the writer may send is another thing than the reader expects; undefined when it is not. */
export function kindFault(writer: JsonSchema, reader: JsonSchema): string | undefined {
  if (isNever(reader)) return "it may be there, and nothing is expected there";
  return typeFault(writer, reader) ?? listFault(writer, reader);
}

function typeFault(writer: JsonSchema, reader: JsonSchema): string | undefined {
  const [types, expected] = [typesOf(writer), typesOf(reader)];
  if (!expected) return undefined;
  const strange = types?.filter((type) => !expected.some((each) => covers(each, type)));
  if (strange?.length === 0) return undefined;
  return `it may be ${strange?.join(" or ") ?? "anything"}, and ${described(reader)} is expected`;
}

function listFault(writer: JsonSchema, reader: JsonSchema): string | undefined {
  const [values, expected] = [valuesOf(writer), valuesOf(reader)];
  if (!expected) return undefined;
  const known = expected.map(stableJson);
  const unknown = values?.filter((value) => !known.includes(stableJson(value)));
  if (unknown?.length === 0) return undefined;
  return `it may be ${unknown ? listed(unknown) : described(writer)}, and only ${listed(expected)} is expected`;
}

const listed = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(" or ");

/** A schema in a few words. */
export function described(schema: JsonSchema): string {
  const values = valuesOf(schema);
  return values ? listed(values) : (typesOf(schema)?.join(" or ") ?? "anything");
}

const SIZES = [
  ["minLength", "maxLength", "characters"],
  ["minItems", "maxItems", "items"],
  ["minProperties", "maxProperties", "fields"],
] as const;

/** Where the writer may go beyond what the reader takes. */
export function boundFaults(writer: JsonSchema, reader: JsonSchema): readonly string[] {
  const faults: string[] = [];
  const [least, most] = [boundOf(reader, "lower"), boundOf(reader, "upper")];
  if (isBeyond(boundOf(writer, "lower"), least))
    faults.push(`it may be below what is expected, ${least.open ? "more than" : "at least"} ${-least.value}`);
  if (isBeyond(boundOf(writer, "upper"), most))
    faults.push(`it may be above what is expected, ${most.open ? "less than" : "at most"} ${most.value}`);
  for (const [min, max, unit] of SIZES) {
    const [fewest, largest] = [numberOf(reader, min, 0), numberOf(reader, max, Infinity)];
    if (numberOf(writer, min, 0) < fewest) faults.push(`it may have fewer ${unit} than the ${fewest} expected`);
    if (numberOf(writer, max, Infinity) > largest) faults.push(`it may have more ${unit} than the ${largest} expected`);
  }
  return faults;
}

const numberOf = (schema: JsonSchema, keyword: string, absent: number): number => {
  const value = schema[keyword];
  return typeof value === "number" ? value : absent;
};

/** `open`: the value itself is not in. */
interface Bound {
  readonly value: number;
  readonly open: boolean;
}

/** The bound of a number; a lower one with its sign turned, so that both are compared alike. */
function boundOf(schema: JsonSchema, side: "lower" | "upper"): Bound {
  const [closed, open] =
    side === "upper"
      ? [numberOf(schema, "maximum", Infinity), numberOf(schema, "exclusiveMaximum", Infinity)]
      : [-numberOf(schema, "minimum", -Infinity), -numberOf(schema, "exclusiveMinimum", -Infinity)];
  // More than 0 and at least 1 are the same for a whole number.
  if (typesOf(schema)?.every((type) => type === "integer"))
    return { value: Math.min(Math.floor(closed), Math.ceil(open) - 1), open: false };
  return open <= closed && open !== Infinity ? { value: open, open: true } : { value: closed, open: false };
}

const isBeyond = (one: Bound, other: Bound) =>
  one.value > other.value || (one.value === other.value && other.open && !one.open);

/** Why keywords that only equality is understood of are in the way; `sameDefinitions`: what they may refer to is equal. */
export function strangeFaults(one: JsonSchema, other: JsonSchema, sameDefinitions: boolean): readonly string[] {
  const all = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...all]
    .filter((keyword) => isAssertion(keyword) && !UNDERSTOOD.has(keyword))
    .filter((keyword) => {
      const text = stableJson(one[keyword]);
      return text !== stableJson(other[keyword]) || (!sameDefinitions && text.includes('"$ref"'));
    })
    .map((keyword) => `its ${keyword} differs, and of that keyword only equality is understood here`);
}
