import { expect, test } from "bun:test";
import fc from "fast-check";
import * as z from "zod";
import { anyText, storableText, verify } from "../property.fixture.ts";
import { isStorable } from "./json-text.ts";
import { decodeCursor, encodeCursor, integerText } from "./paging.ts";
import { ProblemError } from "./problem.ts";

const key = z.array(z.union([z.string(), z.int()]));
const LIST = "a list";
const sequence = z.tuple([z.int().nonnegative()]);

/** What the reading gives, or the problem it is refused with; anything else that is thrown goes on. */
function read<T>(schema: z.ZodType<T>, cursor: string): { readonly key: T | null } | ProblemError {
  try {
    return { key: decodeCursor(LIST, schema, cursor) };
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

test("a cursor comes back as the key it was made of", () => {
  const part = fc.oneof(storableText, fc.maxSafeInteger());
  verify(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const cursor = encodeCursor(LIST, parts);
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(read(key, cursor)).toEqual({ key: parts });
    }),
    300,
  );
});

test("a key with a text that cannot be stored is a 400, so it never reaches a statement", () => {
  verify(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 3 }), (parts) => {
      const answer = read(key, encodeCursor(LIST, parts));
      if (parts.every(isStorable)) expect(answer).toEqual({ key: parts });
      else expect(answer).toBeInstanceOf(ProblemError);
    }),
  );
});

test("a page that the release before began goes on; a cursor of another list is a 400 all the same", () => {
  const places = z.tuple([z.int(), z.string()]);
  const before = (parts: readonly unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");
  verify(
    fc.property(fc.maxSafeInteger(), storableText, (at, id) => {
      expect(read(places, before([at, id]))).toEqual({ key: [at, id] });
      expect(read(places, before([id, at]))).toBeInstanceOf(ProblemError);
      expect(read(places, encodeCursor("another list", [at, id]))).toBeInstanceOf(ProblemError);
    }),
    100,
  );
});

test("whatever else is sent as a cursor is a 400 that names it", () => {
  const garbage = fc.oneof(
    anyText,
    fc.base64String(),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64url")),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")),
    fc.array(fc.oneof(anyText, fc.double())).map((parts) => Buffer.from(JSON.stringify(parts)).toString("base64url")),
    fc
      .constantFrom("[".repeat(100_000), `${"W10"}${"A".repeat(5000)}`)
      .map((text) => Buffer.from(text).toString("base64url")),
  );
  verify(
    fc.property(garbage, (cursor) => {
      const answer = read(sequence, cursor);
      if (answer instanceof ProblemError) {
        expect(answer.problem).toMatchObject({ status: 400, errors: [{ field: "query.cursor" }] });
        return;
      }
      // By chance it says what a cursor of this list could say.
      expect(answer.key).toEqual([expect.any(Number)]);
      expect(Number.isSafeInteger(answer.key?.[0])).toBe(true);
    }),
    500,
  );
});

test("a number in a query is itself or refused", () => {
  const schema = integerText(1, 100);
  verify(
    fc.property(fc.oneof(anyText, fc.integer().map(String), fc.double().map(String)), (text) => {
      const result = schema.safeParse(text);
      const fits = /^-?\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= 100;
      expect(result.success).toBe(fits);
      if (result.success) expect(result.data).toBe(Number(text));
    }),
    300,
  );
});
