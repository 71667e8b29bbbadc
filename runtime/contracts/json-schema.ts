/** A contract's schemas as JSON Schema: what files keep, documents show, and versions are compared by. */
import * as z from "zod";

/** The keywords that the comparison of versions understands; all others are kept as they are. */
export interface JsonSchema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
  readonly minimum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly items?: JsonSchema | boolean | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly propertyNames?: JsonSchema | undefined;
  readonly [keyword: string]: unknown;
}

/** Reads a JSON Schema of draft 2020-12, as far as the keywords above go. */
export const jsonSchemaSchema: z.ZodType<JsonSchema> = z.lazy(() => {
  const schema = jsonSchemaSchema;
  const schemas = z.array(schema).min(1);
  return z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    anyOf: schemas.optional(),
    oneOf: schemas.optional(),
    minimum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    items: z.union([schema, z.boolean()]).optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([schema, z.boolean()]).optional(),
    propertyNames: schema.optional(),
  });
});

/** The dialect of `jsonSchemaOf`. */
export const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/**
 * What a message of the schema may look like on its way. Both ends parse it, so a schema must read what it writes, and
 * state all that it asks for: one that transforms, or that judges by code, throws.
 */
export const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  jsonSchemaSchema.parse(converted(schema, "draft-2020-12"));

/** The same in the dialect that AsyncAPI's schemas extend. */
export const draft7SchemaOf = (schema: z.ZodType): Readonly<Record<string, unknown>> => converted(schema, "draft-7");

function converted(schema: z.ZodType, target: "draft-2020-12" | "draft-7"): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target,
    io: "input",
    override({ zodSchema: { _zod } }) {
      const { type, checks = [] } = _zod.def;
      if (type === "pipe" || type === "transform")
        throw new Error(
          "it transforms what it reads, so what is written is not what is read: state the form on the way",
        );
      if (checks.some((check) => check._zod.def.check === "custom"))
        throw new Error(
          "it judges by code, which no file can keep and no version be compared by: use what JSON Schema can say",
        );
    },
  });
  return rest;
}

/** JSON text whose keys stand in the same order whatever order they were declared in, a line for each value. */
export const stableJson = (value: unknown): string => `${JSON.stringify(sorted(value), null, 2)}\n`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
