import * as z from "zod";
import { isStorable } from "./json-text.ts";
import { ProblemError, problem } from "./problem.ts";

export const PAGE_LIMIT = 100;

/** A whole number in a query or a path, where everything is text. */
export function integerText(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^-?\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }))
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: "integer", minimum: min, maximum: max });
      },
    });
}

/** `limit` and `cursor`, the query fields of every list; spread into the list's own `z.strictObject`. */
export const pageQuery = {
  limit: integerText(1, PAGE_LIMIT).optional().describe("How many items at most; 100 when left out."),
  cursor: z.string().min(1).max(1000).optional().describe("The nextCursor of the page before."),
};

/** The shape of every list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** An opaque cursor from the last item's sort key. */
export const encodeCursor = (key: readonly (string | number)[]) =>
  Buffer.from(JSON.stringify(key), "utf8").toString("base64url");

/** A cursor's sort key through the list's schema, a `z.tuple`; 400 for what this list has not made. Null for none. */
export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  const result = schema.safeParse(contentOf(cursor));
  if (result.success) return result.data;
  throw new ProblemError(
    problem(
      "invalid-cursor",
      "query.cursor is not a nextCursor of this list. Leave it out to start at the first page.",
      [{ field: "query.cursor", message: "must be a nextCursor of this list" }],
    ),
  );
}

function contentOf(cursor: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    const text = Buffer.from(cursor, "base64url").toString("utf8");
    const content: unknown = JSON.parse(text);
    return Array.isArray(content) && content.every((part) => typeof part !== "string" || isStorable(part))
      ? content
      : undefined;
  } catch {
    return undefined;
  }
}
