import { describe, expect, test } from "bun:test";
import * as z from "zod";
import { incompatibilities } from "./compatibility.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";

const faults = (released: z.ZodType, current: z.ZodType) =>
  incompatibilities(jsonSchemaOf(released), jsonSchemaOf(current)).map(
    ({ refusedBy, field, reason }) => `${refusedBy} ${field}: ${reason}`,
  );

const sku = z.object({ sku: z.string() });
const tree = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});
const treeWith = (more: z.ZodRawShape) => {
  const grown: z.ZodObject = z.object({
    name: z.string(),
    ...more,
    get children(): z.ZodType {
      return z.array(grown);
    },
  });
  return grown;
};
const paid = z.object({ kind: z.literal("paid"), amount: z.int() });
const refused = z.object({ kind: z.literal("refused"), reason: z.string() });
const outcome = z.discriminatedUnion("kind", [paid, refused]);

describe("allowed", () => {
  const cases: Record<string, readonly [released: z.ZodType, current: z.ZodType]> = {
    "a new optional field": [sku, sku.extend({ note: z.string().optional() })],
    "an optional field less": [sku.extend({ note: z.string().optional() }), sku],
    "a new optional field in a list": [
      z.object({ lines: z.array(sku) }),
      z.object({ lines: z.array(sku.extend({ lot: z.string().optional() })) }),
    ],
    "a new optional field in a record": [
      z.record(z.string(), sku),
      z.record(z.string(), sku.extend({ n: z.int().optional() })),
    ],
    "a new optional field where it may be null": [
      sku.nullable(),
      sku.extend({ lot: z.string().optional() }).nullable(),
    ],
    "a new optional field in a member of a union": [
      outcome,
      z.discriminatedUnion("kind", [paid.extend({ tip: z.int().optional() }), refused]),
    ],
    "a new optional field in a recursive schema": [tree, treeWith({ size: z.int().optional() })],
    "a new field with a default": [sku, sku.extend({ quantity: z.int().default(1) })],
    "a default for a required field": [sku, z.object({ sku: z.string().default("none") })],
    "a new field that falls back": [sku, sku.extend({ quantity: z.int().catch(1) })],
    "another default": [z.object({ n: z.int().default(1) }), z.object({ n: z.int().default(2) })],
    "a default that goes while the field stays": [z.object({ n: z.int().default(1) }), z.object({ n: z.int() })],
    "strictness that goes": [z.strictObject({ sku: z.string() }), sku],
    "strictness that comes": [sku, z.strictObject({ sku: z.string() })],
    "other words of a description": [z.string().describe("a"), z.string().describe("b").meta({ title: "c" })],
    "other order": [z.object({ a: z.int(), b: z.enum(["X", "Y"]) }), z.object({ b: z.enum(["Y", "X"]), a: z.int() })],
    "other order of members": [z.union([z.string(), sku, z.null()]), z.union([z.null(), sku, z.string()])],
    "another spelling of a bound": [z.int().positive(), z.int().min(1)],
    "another spelling of a value": [z.literal("A"), z.enum(["A"])],
    "an object of the same fields by a name of its own": [
      z.object({ at: sku, to: sku }),
      z.object({ at: sku.meta({ id: "Sku" }), to: sku }),
    ],
    "one recursion written out": [tree, z.object({ name: z.string(), children: z.array(tree) })],
    "the same keywords that are not understood": [z.templateLiteral(["a", z.int()]), z.templateLiteral(["a", z.int()])],
  };
  for (const [name, [released, current]] of Object.entries(cases))
    test(name, () => expect(faults(released, current)).toEqual([]));
});

describe("refused", () => {
  const cases: Record<string, readonly [released: z.ZodType, current: z.ZodType, ...faults: string[]]> = {
    "a new required field": [sku, sku.extend({ lot: z.string() }), "current /lot: it may be missing, and is required"],
    "a required field less": [
      sku.extend({ lot: z.string() }),
      sku,
      "released /lot: it may be missing, and is required",
    ],
    "a required field that becomes optional": [sku, sku.partial(), "released /sku: it may be missing, and is required"],
    "an optional field that becomes required": [sku.partial(), sku, "current /sku: it may be missing, and is required"],
    "a new name": [
      sku,
      z.object({ article: z.string() }),
      "current /article: it may be missing, and is required",
      "released /sku: it may be missing, and is required",
    ],
    "another type": [
      z.object({ n: z.int() }),
      z.object({ n: z.string() }),
      "current /n: it may be integer, and string is expected",
      "released /n: it may be string, and integer is expected",
    ],
    "another type of an optional field": [
      z.object({ n: z.int().optional() }),
      z.object({ n: z.boolean().optional() }),
      "current /n: it may be integer, and boolean is expected",
      "released /n: it may be boolean, and integer is expected",
    ],
    fractions: [
      z.object({ n: z.int() }),
      z.object({ n: z.number() }),
      "released /n: it may be number, and integer is expected",
    ],
    anything: [
      z.object({ n: z.int() }),
      z.object({ n: z.unknown() }),
      "released /n: it may be anything, and integer is expected",
    ],
    "a value more": [
      z.object({ s: z.enum(["A", "B"]) }),
      z.object({ s: z.enum(["A", "B", "C", "D"]) }),
      `released /s: it may be "C" or "D", and only "A" or "B" is expected`,
    ],
    "a value less": [
      z.object({ s: z.enum(["A", "B"]) }),
      z.object({ s: z.enum(["A"]) }),
      `current /s: it may be "B", and only "A" is expected`,
    ],
    "values that become any text": [
      z.object({ s: z.enum(["A", "B"]) }),
      z.object({ s: z.string() }),
      `released /s: it may be string, and only "A" or "B" is expected`,
    ],
    "another literal": [
      z.object({ v: z.literal(1) }),
      z.object({ v: z.literal(2) }),
      "current /v: it may be 1, and only 2 is expected",
      "released /v: it may be 2, and only 1 is expected",
    ],
    "bounds that narrow": [
      z.object({ n: z.int().min(0).max(10) }),
      z.object({ n: z.int().min(1).max(9) }),
      "current /n: it may be below what is expected, at least 1",
      "current /n: it may be above what is expected, at most 9",
    ],
    "bounds that widen": [
      z.object({ n: z.number().gt(0) }),
      z.object({ n: z.number().min(0) }),
      "released /n: it may be below what is expected, more than 0",
    ],
    "a shorter text and a longer list": [
      z.object({ s: z.string().max(9), l: z.array(z.int()).min(1).max(2) }),
      z.object({ s: z.string().max(8), l: z.array(z.int()).max(3) }),
      "current /s: it may have more characters than the 8 expected",
      "released /l: it may have fewer items than the 1 expected",
      "released /l: it may have more items than the 2 expected",
    ],
    "another pattern": [
      z.object({ s: z.string().regex(/a/) }),
      z.object({ s: z.string().regex(/b/) }),
      "current /s: its pattern differs, and of that keyword only equality is understood here",
      "released /s: its pattern differs, and of that keyword only equality is understood here",
    ],
    "a pattern and a format where there was none": [
      z.string(),
      z.uuid(),
      "current : its format differs, and of that keyword only equality is understood here",
      "current : its pattern differs, and of that keyword only equality is understood here",
      "released : its format differs, and of that keyword only equality is understood here",
      "released : its pattern differs, and of that keyword only equality is understood here",
    ],
    "null where there was none": [
      z.object({ s: z.string() }),
      z.object({ s: z.string().nullable() }),
      "released /s: it may be null, and string is expected",
    ],
    "null no more": [
      z.object({ s: z.string().nullable() }),
      z.object({ s: z.string() }),
      "current /s: it may be null, and string is expected",
    ],
    "what is in a list": [
      z.object({ lines: z.array(sku) }),
      z.object({ lines: z.array(sku.extend({ lot: z.string() })) }),
      "current /lines/*/lot: it may be missing, and is required",
    ],
    "what is in a record": [
      z.record(z.string(), z.object({ n: z.int() })),
      z.record(z.string(), z.object({ n: z.int().max(5) })),
      "current /*/n: it may be above what is expected, at most 5",
    ],
    "a record's keys": [
      z.record(z.string(), z.int()),
      z.partialRecord(z.enum(["a", "b"]), z.int()),
      `current /*: of its key: it may be string, and only "a" or "b" is expected`,
    ],
    "a key that all of a record must have": [
      z.record(z.enum(["a"]), z.int()),
      z.record(z.enum(["a", "b"]), z.int()),
      "current /b: it may be missing, and is required",
      `released /*: of its key: it may be "b", and only "a" is expected`,
    ],
    "what is where it may be null": [
      z.object({ at: sku.nullable() }),
      z.object({ at: sku.extend({ lot: z.string() }).nullable() }),
      "current /at/lot: it may be missing, and is required",
    ],
    "a member of a union more": [
      outcome,
      z.discriminatedUnion("kind", [paid, refused, z.object({ kind: z.literal("late") })]),
      `released : it may be object with kind "late", which is none of the forms expected there`,
    ],
    "a member of a union less": [
      z.object({ outcome }),
      z.object({ outcome: z.discriminatedUnion("kind", [paid, z.object({ kind: z.literal("late") })]) }),
      `current /outcome: it may be object with kind "refused", which is none of the forms expected there`,
      `released /outcome: it may be object with kind "late", which is none of the forms expected there`,
    ],
    "a field in a member of a union": [
      z.object({ outcome }),
      z.object({ outcome: z.discriminatedUnion("kind", [paid.extend({ tip: z.int() }), refused]) }),
      "current /outcome/tip: it may be missing, and is required",
    ],
    "a union of one form more": [
      z.object({ id: z.union([z.string(), z.int()]) }),
      z.object({ id: z.union([z.string(), z.int(), z.boolean()]) }),
      "released /id: it may be boolean, which is none of the forms expected there",
    ],
    "values that become any of their types": [
      z.literal(["a", 1, null]),
      z.union([z.string(), z.number(), z.null()]),
      `released : it may be string or number or null, and only "a" or 1 or null is expected`,
    ],
    "fields that become a record": [
      z.object({ n: z.int() }),
      z.record(z.string(), z.int()),
      "released /n: it may be missing, and is required",
    ],
    "exactly one where what tells the forms apart may be missing": [
      z.xor([z.object({ k: z.literal("a").optional() }), z.object({ k: z.literal("b").optional() })]),
      z.union([z.object({ k: z.literal("a").optional() }), z.object({ k: z.literal("b").optional() })]),
      "current : it may be anything, which is none of the forms expected there",
      "released : its oneOf differs, and of that keyword only equality is understood here",
    ],
    "exactly one where the forms overlap": [
      z.xor([z.int().min(0), z.int().max(0)]),
      z.union([z.int().min(0), z.int().max(0)]),
      "current : it may be anything, which is none of the forms expected there",
      "released : its oneOf differs, and of that keyword only equality is understood here",
    ],
    "a new field where unknown ones are refused": [
      z.strictObject({ sku: z.string() }),
      z.strictObject({ sku: z.string(), note: z.string().optional() }),
      "released /note: it may be there, and nothing is expected there",
    ],
    "a new field where unknown ones are kept": [
      z.looseObject({ sku: z.string() }),
      z.looseObject({ sku: z.string(), note: z.string().optional() }),
      "current /note: it may be anything, and string is expected",
    ],
    "a field that must not be there any more": [
      z.object({ note: z.string().optional() }),
      z.object({ note: z.never().optional() }),
      "current /note: it may be there, and nothing is expected there",
    ],
    "unknown fields that must be numbers": [
      z.object({}).catchall(z.string()),
      z.object({}).catchall(z.int()),
      "current /*: it may be string, and integer is expected",
      "released /*: it may be integer, and string is expected",
    ],
    "what is in a recursive schema": [
      tree,
      treeWith({ size: z.int() }),
      "current /size: it may be missing, and is required",
    ],
    "a tuple's item": [
      z.tuple([z.string(), z.int()]),
      z.tuple([z.string(), z.string()]),
      "current : its prefixItems differs, and of that keyword only equality is understood here",
      "released : its prefixItems differs, and of that keyword only equality is understood here",
    ],
    "a name with a slash": [
      z.object({ "a/b~c": z.int() }),
      z.object({ "a/b~c": z.boolean() }),
      "current /a~1b~0c: it may be integer, and boolean is expected",
      "released /a~1b~0c: it may be boolean, and integer is expected",
    ],
    "a field that is named as what every object has": [
      z.object({}),
      z.object({ constructor: z.string() }),
      "current /constructor: it may be missing, and is required",
    ],
  };
  for (const [name, [released, current, ...expected]] of Object.entries(cases))
    test(name, () => expect(faults(released, current)).toEqual(expected));
});

describe("what our own schemas do not have", () => {
  const [text, none] = [{ type: "string" }, { type: "null" }];
  const cases: Record<string, readonly [released: JsonSchema, current: JsonSchema, faults: number]> = {
    "a union with something beside it": [
      { anyOf: [text, none], maxLength: 3 },
      { anyOf: [text, none], maxLength: 5 },
      1,
    ],
    "the same, twice": [{ anyOf: [text, none], maxLength: 3 }, { anyOf: [text, none], maxLength: 3 }, 0],
    "two unions in one": [{ anyOf: [text, none], oneOf: [text] }, { anyOf: [text, none], oneOf: [none] }, 2],
    "a list of anything": [{ type: "array" }, { type: "array", items: text }, 1],
    "another definition under the same name": [
      { prefixItems: [{ $ref: "#/$defs/Item" }], $defs: { Item: text } },
      { prefixItems: [{ $ref: "#/$defs/Item" }], $defs: { Item: none } },
      2,
    ],
    "the same definition": [
      { prefixItems: [{ $ref: "#/$defs/Item" }], $defs: { Item: text } },
      { prefixItems: [{ $ref: "#/$defs/Item" }], $defs: { Item: text } },
      0,
    ],
    "a keyword that nobody knows": [{ sorted: "up" }, { sorted: "down" }, 2],
  };
  for (const [name, [released, current, count]] of Object.entries(cases))
    test(name, () => expect(incompatibilities(released, current)).toHaveLength(count));
});

test("a reference to nothing is an error", () => {
  expect(() => incompatibilities({ $ref: "#/$defs/Lost" }, {})).toThrow("#/$defs/Lost, which is not in it");
});
