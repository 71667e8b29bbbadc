import { expect, test } from "bun:test";
import * as z from "zod";
import { draft7SchemaOf, jsonSchemaOf, stableJson } from "./json-schema.ts";

test("a schema says what a message may look like on its way", () => {
  expect(jsonSchemaOf(z.object({ sku: z.string(), quantity: z.int().positive().default(1) }))).toEqual({
    type: "object",
    properties: {
      sku: { type: "string" },
      quantity: { type: "integer", exclusiveMinimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 1 },
    },
    required: ["sku"],
  });
});

test("each dialect has its own words", () => {
  const pair = z.tuple([z.string(), z.int32()]);
  expect(jsonSchemaOf(pair)).toMatchObject({ prefixItems: [{ type: "string" }, { type: "integer" }], items: false });
  expect(draft7SchemaOf(pair)).toMatchObject({ items: [{ type: "string" }, { type: "integer" }] });
});

test.each([
  ["a transformation", z.object({ at: z.string().transform(Number) }), "it transforms what it reads"],
  ["a pipe", z.array(z.string().pipe(z.string().min(1))), "it transforms what it reads"],
  ["what is done before reading", z.preprocess(String, z.string()), "it transforms what it reads"],
  [
    "a refinement",
    z.object({
      at: z
        .string()
        .refine((text) => text !== "")
        .optional(),
    }),
    "it judges by code",
  ],
  ["a refinement of the whole", z.object({}).superRefine(() => undefined), "it judges by code"],
  ["what JSON does not have", z.object({ at: z.date() }), "Date cannot be represented"],
])("%s is refused", (_what, schema, reason) => {
  expect(() => jsonSchemaOf(schema)).toThrow(reason);
  expect(() => draft7SchemaOf(schema)).toThrow(reason);
});

test("JSON text is the same whatever order it was declared in", () => {
  const text = stableJson({ b: [{ d: 1, c: null }], a: "x" });
  expect(text).toBe(stableJson({ a: "x", b: [{ c: null, d: 1 }] }));
  expect(text).toBe('{\n  "a": "x",\n  "b": [\n    {\n      "c": null,\n      "d": 1\n    }\n  ]\n}\n');
});
