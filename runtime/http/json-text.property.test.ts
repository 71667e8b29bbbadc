import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText, storableText, verify } from "../property.fixture.ts";
import { DEPTH_LIMIT, isStorable, NODE_LIMIT, parseJson } from "./json-text.ts";
import { ProblemError } from "./problem.ts";

/** The value, or the status of the problem; anything else that is thrown goes on. */
function read(bytes: Uint8Array): { readonly value: unknown } | number {
  try {
    return { value: parseJson(bytes) };
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.status;
    throw error;
  }
}
const isUtf8 = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString()).equals(Buffer.from(bytes));
const bytesOf = (text: string) => new TextEncoder().encode(text);

const jsonOf = (text: fc.Arbitrary<string>) =>
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      text,
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  })).value;

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const storableAll = (value: unknown): boolean => {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, each]) => isStorable(name) && storableAll(each));
};

test("JSON of texts that can be stored is read as it is; with NUL or half a surrogate pair anywhere it is a 400", () => {
  verify(
    fc.property(fc.oneof(jsonOf(storableText), jsonOf(anyText)), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const fits = storableAll(value) && depthOf(value) <= DEPTH_LIMIT;
      expect(read(bytesOf(text))).toEqual(fits ? { value } : 400);
    }),
    400,
  );
});

/** More brackets than may be nested, behind what might seem to end the text. */
const bracketed = fc.oneof(
  fc.stringMatching(/^[[\]{}"\\]*$/),
  fc.constantFrom('"', "\\", '\\"', '"\\').map((before) => `${before}${"[{".repeat(DEPTH_LIMIT)}`),
);

test("nesting is counted to the level, and brackets in texts do not count", () => {
  verify(
    fc.property(fc.integer({ min: 1, max: 2 * DEPTH_LIMIT }), bracketed, (depth, text) => {
      const inside = JSON.stringify(text);
      const answer = read(bytesOf(`${"[".repeat(depth)}${inside}${"]".repeat(depth)}`));
      expect(typeof answer === "number" ? answer : depthOf(answer.value)).toBe(depth > DEPTH_LIMIT ? 400 : depth);
    }),
  );
});

test("values are counted to the last, and commas in texts do not count", () => {
  verify(
    fc.property(fc.integer({ min: -2, max: 2 }), fc.boolean(), (over, asFields) => {
      const values = Array.from({ length: NODE_LIMIT - 1 + over }, (_, at) => (at === 0 ? "a,b,[c,{d" : at));
      const text = JSON.stringify(asFields ? Object.fromEntries(values.entries()) : values);
      // The list or object itself is one.
      expect(typeof read(bytesOf(text))).toBe(over > 0 ? "number" : "object");
    }),
    10,
  );
});

test("any bytes are a value or a 400", () => {
  const nearJson = jsonOf(anyText).chain((value) => {
    const bytes = bytesOf(JSON.stringify(value));
    return fc
      .tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))
      .map(([at, byte]) => bytes.with(at, byte));
  });
  verify(
    fc.property(fc.oneof(fc.uint8Array(), nearJson), (bytes) => {
      const answer = read(bytes);
      if (typeof answer === "number") expect(answer).toBe(400);
      else if (!isUtf8(bytes)) throw new Error("what is no UTF-8 was read");
      else expect(storableAll(answer.value)).toBe(true);
    }),
    400,
  );
});
