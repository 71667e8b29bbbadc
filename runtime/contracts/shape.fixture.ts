/** Random contracts, what may be sent by them, and one change of them. */
import fc from "fast-check";
import * as z from "zod";

export type Shape =
  | { readonly kind: "text"; readonly most: number }
  | { readonly kind: "whole"; readonly least: number; readonly most: number }
  | { readonly kind: "fraction" | "flag" }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "nullable" | "list" | "record"; readonly of: Shape }
  | { readonly kind: "fields"; readonly fields: Fields; readonly unknown: "dropped" | "refused" }
  /** Each member carries its place as `tag`. */
  | { readonly kind: "either"; readonly members: readonly Fields[] };

type Fields = Readonly<Record<string, Field>>;

interface Field {
  readonly shape: Shape;
  readonly given: "always" | "maybe" | "by default";
}

const { shape: anyOne, field } = fc.letrec<{ shape: Shape; field: Field; fields: Fields }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant("text" as const), most: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("whole" as const), least: fc.nat(1), most: fc.integer({ min: 2, max: 3 }) }),
    fc.record({ kind: fc.constantFrom("fraction" as const, "flag" as const) }),
    fc.record({ kind: fc.constant("choice" as const), values: fc.subarray(["A", "B", "C"], { minLength: 1 }) }),
    fc.record({ kind: fc.constantFrom("nullable" as const, "list" as const, "record" as const), of: tie("shape") }),
    fc.record({
      kind: fc.constant("fields" as const),
      fields: tie("fields"),
      unknown: fc.constantFrom("dropped" as const, "refused" as const),
    }),
    fc.record({
      kind: fc.constant("either" as const),
      members: fc.array(tie("fields"), { minLength: 1, maxLength: 3 }),
    }),
  ),
  field: fc.record({
    shape: tie("shape"),
    given: fc.constantFrom("always" as const, "maybe" as const, "by default" as const),
  }),
  fields: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("field"), { maxKeys: 3, noNullPrototype: true }),
}));

/** The contract of a message, or of a part of one. */
export const anyShape: fc.Arbitrary<Shape> = anyOne;

/** The schema that a contract would have. */
export function schemaOf(shape: Shape): z.ZodType {
  switch (shape.kind) {
    case "text":
      return z.string().max(shape.most);
    case "whole":
      return z.int().min(shape.least).max(shape.most);
    case "fraction":
      return z.number();
    case "flag":
      return z.boolean();
    case "choice":
      return z.enum([...shape.values]);
    case "nullable":
      return schemaOf(shape.of).nullable();
    case "list":
      return z.array(schemaOf(shape.of));
    case "record":
      return z.record(z.string(), schemaOf(shape.of));
    case "fields":
      return shape.unknown === "refused" ? z.strictObject(fieldsOf(shape.fields)) : z.object(fieldsOf(shape.fields));
    case "either":
      return z.union(shape.members.map((member, tag) => z.object({ tag: z.literal(tag), ...fieldsOf(member) })));
  }
}

const fieldsOf = (all: Fields) =>
  Object.fromEntries(
    Object.entries(all).map(([name, { shape, given }]) => {
      const schema = schemaOf(shape);
      if (given === "always") return [name, schema];
      return [name, given === "maybe" ? schema.optional() : schema.default(plainest(shape))];
    }),
  );

/** One value that fits. */
function plainest(shape: Shape): unknown {
  switch (shape.kind) {
    case "text":
      return "";
    case "whole":
      return shape.least;
    case "fraction":
      return 0.5;
    case "flag":
      return false;
    case "choice":
      return shape.values[0];
    case "nullable":
      return null;
    case "list":
      return [];
    case "record":
      return {};
    case "fields":
      return plainestFields(shape.fields);
    case "either":
      return { tag: 0, ...plainestFields(shape.members[0] ?? {}) };
  }
}

const plainestFields = (all: Fields) =>
  Object.fromEntries(Object.entries(all).map(([name, { shape }]) => [name, plainest(shape)]));

/** What a sender may hand over. */
export function dataOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "text":
      return fc.string({ maxLength: shape.most });
    case "whole":
      return fc.integer({ min: shape.least, max: shape.most });
    case "fraction":
      return fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(0.5));
    case "flag":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...shape.values);
    case "nullable":
      return fc.option(dataOf(shape.of));
    case "list":
      return fc.array(dataOf(shape.of), { maxLength: 2 });
    case "record":
      return fc.dictionary(fc.constantFrom("a", "x"), dataOf(shape.of), { maxKeys: 2, noNullPrototype: true });
    case "fields":
      return fieldData(shape.fields);
    case "either":
      return fc.oneof(...shape.members.map((member, tag) => fieldData(member).map((data) => ({ tag, ...data }))));
  }
}

const fieldData = (all: Fields) =>
  fc.record(Object.fromEntries(Object.entries(all).map(([name, { shape }]) => [name, dataOf(shape)])), {
    requiredKeys: Object.keys(all).filter((name) => all[name]?.given === "always"),
    noNullPrototype: true,
  });

/** The shape after one change somewhere in it. */
export function changeOf(shape: Shape): fc.Arbitrary<Shape> {
  switch (shape.kind) {
    case "nullable":
    case "list":
    case "record":
      return fc.oneof(
        fc.constant(shape.of),
        changeOf(shape.of).map((of) => ({ ...shape, of })),
      );
    case "fields":
      return changedFields(shape.fields).map((fields) => ({ ...shape, fields }));
    case "either":
      return fc
        .nat(shape.members.length)
        .chain((at) => changedFields(shape.members[at] ?? {}).map((member) => shape.members.toSpliced(at, 1, member)))
        .map((members) => ({ ...shape, members }));
    default:
      return anyShape;
  }
}

/** A field changes, comes or goes. */
const changedFields = (all: Fields): fc.Arbitrary<Fields> =>
  fc.constantFrom("a", "b", "c").chain((name) => {
    const { [name]: found, ...others } = all;
    if (!found) return field.map((one) => ({ ...others, [name]: one }));
    return fc.oneof(
      fc.constant(others),
      field.map(({ given }) => ({ ...others, [name]: { ...found, given } })),
      changeOf(found.shape).map((shape) => ({ ...others, [name]: { ...found, shape } })),
    );
  });
