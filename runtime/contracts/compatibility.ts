/**
 * Whether two versions of a schema understand each other's messages, both ways: while a release rolls out, new readers
 * get yesterday's messages and old readers get today's.
 *
 * A writer sends what parsing leaves: the fields that its schema names, defaults filled in, others dropped unless the
 * schema keeps them. A reader refuses what its schema does not describe, and drops what it does not name. So an optional
 * field may come and go, a field with a default may come, and a change of anything else that is sent is refused on one
 * side or the other. Keywords whose meaning is not known here must be the same on both sides. Where the answer is wrong,
 * it is a refusal too many.
 */
import { type JsonSchema, stableJson } from "./json-schema.ts";
import {
  ANYTHING,
  areApart,
  boundFaults,
  described,
  isAssertion,
  isNever,
  kindFault,
  NEVER,
  strangeFaults,
  typesOf,
} from "./keywords.ts";

export interface Incompatibility {
  /** A JSON pointer into the message; `*` stands for each item of a list and each value of a record. */
  readonly field: string;
  /** Which of the two cannot read the other's messages. */
  readonly refusedBy: "released" | "current";
  readonly reason: string;
}

/** What keeps the two from reading each other's messages; empty when nothing does. */
export function incompatibilities(released: JsonSchema, current: JsonSchema): readonly Incompatibility[] {
  const old: Place = { schema: released, root: released };
  const now: Place = { schema: current, root: current };
  return [
    ...distinct(unreadable(old, now, "", [])).map((fault) => ({ ...fault, refusedBy: "current" as const })),
    ...distinct(unreadable(now, old, "", [])).map((fault) => ({ ...fault, refusedBy: "released" as const })),
  ];
}

/** The members of a union may each meet the same. */
const distinct = (faults: readonly Fault[]) =>
  new Map(faults.map((fault) => [`${fault.field}: ${fault.reason}`, fault])).values();

/** A schema within the document that its references point into. */
interface Place {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

interface Fault {
  readonly field: string;
  readonly reason: string;
}

/** What is being compared further up and may be referred to: a recursive schema ends where it meets itself. */
type Pairs = readonly (readonly [writer: JsonSchema, reader: JsonSchema])[];

/** What the writer may send and the reader refuses. */
function unreadable(writer: Place, reader: Place, field: string, above: Pairs): readonly Fault[] {
  const [sent, asked] = [dereferenced(writer), dereferenced(reader)];
  if (!Object.keys(asked.place.schema).some(isAssertion)) return [];
  if (above.some(([one, other]) => one === sent.target && other === asked.target)) return [];
  // The whole of a message may be referred to as well.
  const mayReturn = field === "" || sent.target !== writer.schema || asked.target !== reader.schema;
  const pairs: Pairs = mayReturn ? [...above, [sent.target, asked.target]] : above;
  const [writers, readers] = [membersOf(sent.place), membersOf(asked.place)];
  if (!writers && !readers) return unreadableParts(sent.place, asked.place, field, pairs);
  return (writers ?? [sent.place]).flatMap((one) => refusedByAll(one, readers ?? [asked.place], field, pairs));
}

/** A member of a union fits when one member on the other side takes all of it. */
function refusedByAll(writer: Place, readers: readonly Place[], field: string, pairs: Pairs): readonly Fault[] {
  const attempts = readers.map((reader) => ({ reader, faults: unreadable(writer, reader, field, pairs) }));
  if (attempts.some(({ faults }) => faults.length === 0)) return [];
  const [likely, ...others] = attempts.filter(({ reader }) => readers.length === 1 || !areDistinct(writer, reader));
  if (likely && others.length === 0) return likely.faults;
  return [{ field, reason: `it may be ${inWords(writer)}, which is none of the forms expected there` }];
}

/** Follows references; keywords beside one, such as a default, go on top. */
function dereferenced({ schema, root }: Place): { readonly place: Place; readonly target: JsonSchema } {
  const { $ref, ...beside } = schema;
  if ($ref === undefined) return { place: { schema, root }, target: schema };
  const { place, target } = dereferenced({ schema: pointedAt(root, $ref), root });
  return { place: { schema: { ...place.schema, ...beside }, root }, target };
}

function pointedAt(root: JsonSchema, reference: string): JsonSchema {
  let found: unknown = reference.startsWith("#") ? root : undefined;
  for (const step of reference.split("/").slice(1)) found = Object(found)[step];
  if (typeof found !== "object" || found === null)
    throw new Error(`the schema refers to ${reference}, which is not in it`);
  // What a reference within a schema leads to is a schema.
  return found as JsonSchema;
}

/** The members of a union; undefined where it is none, or is more than one. */
function membersOf({ schema, root }: Place): readonly Place[] | undefined {
  const { anyOf, oneOf, ...beside } = schema;
  if ((anyOf && oneOf) || Object.keys(beside).some(isAssertion)) return undefined;
  const members = (anyOf ?? oneOf)?.map((member) => ({ schema: member, root }));
  // "Exactly one" means "any" only where no value fits two of them.
  const isAny =
    anyOf || members?.every((one, index) => members.slice(index + 1).every((other) => areDistinct(one, other)));
  return isAny ? members : undefined;
}

/** Whether no value fits both, by what they are or by a field that both require. */
function areDistinct(one: Place, other: Place): boolean {
  const [a, b] = [dereferenced(one).place.schema, dereferenced(other).place.schema];
  if (areApart(a, b)) return true;
  return Object.entries(a.properties ?? {}).some(([name, property]) => {
    const twin = fieldOf(b, name);
    return twin && a.required?.includes(name) && b.required?.includes(name) && areApart(property, twin);
  });
}

/** A member of a union in words: by the fields that tell it from others, where it has such. */
function inWords(place: Place): string {
  const { schema } = dereferenced(place).place;
  const tags = Object.entries(schema.properties ?? {}).filter(([, { const: tag }]) => tag !== undefined);
  const named = tags.map(([name, tag]) => `${name} ${described(tag)}`).join(" and ");
  return named === "" ? described(schema) : `${described(schema)} with ${named}`;
}

/** The same for two that are no unions. */
function unreadableParts(writer: Place, reader: Place, field: string, pairs: Pairs): readonly Fault[] {
  const [sent, asked] = [writer.schema, reader.schema];
  if (isNever(sent)) return [];
  const mismatch = kindFault(sent, asked);
  if (mismatch !== undefined) return [{ field, reason: mismatch }];
  const sameDefinitions = stableJson(writer.root) === stableJson(reader.root);
  const reasons = [...boundFaults(sent, asked), ...strangeFaults(sent, asked, sameDefinitions)];
  return [
    ...reasons.map((reason) => ({ field, reason })),
    ...missingFields(sent, asked, field),
    ...unreadableInside(writer, reader, field, pairs),
  ];
}

function missingFields(sent: JsonSchema, asked: JsonSchema, field: string): readonly Fault[] {
  return (asked.required ?? [])
    .filter((name) => !hasDefault(asked, name) && !hasDefault(sent, name) && !sent.required?.includes(name))
    .map((name) => ({ field: within(field, name), reason: "it may be missing, and is required" }));
}

/** A field with a default is always sent and never asked for. */
const hasDefault = (schema: JsonSchema, name: string) => fieldOf(schema, name)?.["default"] !== undefined;

/** Items, fields, and what has no name: a writer drops it unless its schema says more, and so does a reader. */
function unreadableInside(writer: Place, reader: Place, field: string, pairs: Pairs): readonly Fault[] {
  const [sent, asked] = [writer.schema, reader.schema];
  const judge = (one: JsonSchema | boolean, other: JsonSchema | boolean, at: string) =>
    unreadable({ ...writer, schema: schemaOf(one) }, { ...reader, schema: schemaOf(other) }, at, pairs);
  const [others, othersAsked] = [sent.additionalProperties ?? false, asked.additionalProperties ?? true];
  const names = new Set([sent, asked].flatMap(({ properties = {} }) => Object.keys(properties)));
  return [
    ...(mayBe(sent, "array") ? judge(sent.items ?? true, asked.items ?? true, `${field}/*`) : []),
    ...(mayBe(sent, "object")
      ? [
          ...[...names].flatMap((name) =>
            judge(fieldOf(sent, name) ?? others, fieldOf(asked, name) ?? othersAsked, within(field, name)),
          ),
          ...judge(others, othersAsked, `${field}/*`),
          ...judge(sent.propertyNames ?? { type: "string" }, asked.propertyNames ?? true, `${field}/*`).map(ofKeys),
        ]
      : []),
  ];
}

const ofKeys = ({ field, reason }: Fault): Fault => ({ field, reason: `of its key: ${reason}` });

const schemaOf = (schema: JsonSchema | boolean) => (schema === true ? ANYTHING : schema === false ? NEVER : schema);

const mayBe = (schema: JsonSchema, type: string) => typesOf(schema)?.includes(type) ?? true;

const fieldOf = ({ properties = {} }: JsonSchema, name: string) =>
  Object.hasOwn(properties, name) ? properties[name] : undefined;

const within = (field: string, name: string) => `${field}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
