import { expect, test } from "bun:test";
import fc from "fast-check";
import { verify } from "../property.fixture.ts";
import { incompatibilities } from "./compatibility.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { anyShape, changeOf, dataOf, type Shape, schemaOf } from "./shape.fixture.ts";

const jsonOf = (shape: Shape) => jsonSchemaOf(schemaOf(shape));

test("a contract is compatible with itself", () => {
  verify(fc.property(anyShape, (shape) => expect(incompatibilities(jsonOf(shape), jsonOf(shape))).toEqual([])));
});

/** A contract, the same after a change or two, and what is sent by each. */
const versions = anyShape
  .chain((released) =>
    fc.tuple(fc.constant(released), fc.oneof(changeOf(released), changeOf(released).chain(changeOf))),
  )
  .chain(([released, current]) => {
    const several = (shape: Shape) => fc.array(dataOf(shape), { minLength: 3, maxLength: 3 });
    return fc.tuple(
      fc.constant({ json: jsonOf(released), schema: schemaOf(released) }),
      fc.constant({ json: jsonOf(current), schema: schemaOf(current) }),
      several(released),
      several(current),
    );
  });

test("what counts as compatible is read by the other side, whatever is sent", () => {
  let compatible = 0;
  verify(
    fc.property(versions, ([released, current, yesterdays, todays]) => {
      const refusals = new Set(incompatibilities(released.json, current.json).map(({ refusedBy }) => refusedBy));
      const faultsOf = (sender: typeof current, reader: typeof current, all: readonly unknown[]) =>
        all.flatMap((data) => reader.schema.safeParse(onTheWay(sender.schema.parse(data))).error ?? []);
      if (!refusals.has("current")) expect(faultsOf(released, current, yesterdays)).toEqual([]);
      if (!refusals.has("released")) expect(faultsOf(current, released, todays)).toEqual([]);
      if (refusals.size === 0) compatible += 1;
    }),
    300,
  );
  expect(compatible).toBeGreaterThan(10);
});

const onTheWay = (data: unknown): unknown => JSON.parse(JSON.stringify(data));

/** Every object in the schema that drops what it does not know. */
function objectsIn(schema: unknown): ObjectSchema[] {
  if (typeof schema !== "object" || schema === null) return [];
  const found = Object.values(schema).flatMap(objectsIn);
  return isObject(schema) ? [schema, ...found] : found;
}

interface ObjectSchema {
  properties: Record<string, JsonSchema>;
  required?: string[];
}

// The schemas are made here: an object's has a list of properties and, when it drops the others, nothing on those.
const isObject = (schema: object): schema is ObjectSchema =>
  "properties" in schema && !("additionalProperties" in schema);

test("an optional field may come anywhere where unknown ones are dropped", () => {
  verify(
    fc.property(anyShape, anyShape, fc.nat(), (shape, added, place) => {
      const current = structuredClone(jsonOf(shape));
      const objects = objectsIn(current);
      const chosen = objects[place % objects.length];
      fc.pre(chosen !== undefined);
      chosen.properties["new"] = jsonOf(added);
      expect(incompatibilities(jsonOf(shape), current)).toEqual([]);
    }),
  );
});

test("a required field may go nowhere, and a new one may be required nowhere", () => {
  verify(
    fc.property(anyShape, fc.nat(), (shape, place) => {
      const current = structuredClone(jsonOf(shape));
      const objects = objectsIn(current).filter(({ required }) => required !== undefined && required.length > 0);
      const chosen = objects[place % objects.length];
      const name = chosen?.required?.shift();
      fc.pre(chosen !== undefined && name !== undefined);
      delete chosen.properties[name];
      expect(incompatibilities(jsonOf(shape), current)).not.toEqual([]);
      expect(incompatibilities(current, jsonOf(shape))).not.toEqual([]);
    }),
  );
});
