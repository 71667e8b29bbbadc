import { CryptoHasher } from "bun";
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

/** Values of the columns that a list is ordered by: where a page ends. */
export type SortKey = readonly (string | number)[];

export interface PageRequest<Key extends SortKey> {
  /** Where the page before has ended; null for the first one. */
  readonly after: Key | null;
  readonly limit: number;
  /** The answer: `found` holds one more than `limit` where the list goes on. */
  reply<T, Shown>(found: readonly T[], sortKey: (item: T) => Key, shown: (item: T) => Shown): PageReply<Shown>;
  /** The answer where the list may go on with whatever follows `next`. */
  replyUpTo<Shown>(items: readonly Shown[], next: Key | null): PageReply<Shown>;
}

export interface PageReply<Shown> {
  readonly status: number;
  readonly body: { readonly items: readonly Shown[]; readonly nextCursor: string | null };
}

interface ListRequest {
  readonly query: { readonly limit?: number | undefined; readonly cursor?: string | undefined };
  readonly raw: Request;
}

/**
 * The page that a request asks for. A cursor holds the sort key, read through `schema`, and belongs to this list with
 * these filters: any other one is a 400.
 */
export function pageRequest<Key extends SortKey>(
  { query, raw }: ListRequest,
  schema: z.ZodType<Key>,
): PageRequest<Key> {
  const list = listOf(raw.url);
  const limit = query.limit ?? PAGE_LIMIT;
  const replyUpTo = <Shown>(items: readonly Shown[], next: Key | null) => ({
    status: 200,
    body: { items, nextCursor: next && encodeCursor(list, next) },
  });
  return {
    after: decodeCursor(list, schema, query.cursor),
    limit,
    replyUpTo,
    reply(found, sortKey, shown) {
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return replyUpTo(items.map(shown), last !== undefined && found.length > limit ? sortKey(last) : null);
    },
  };
}

/** The sort key of a list that has no second page: no cursor fits it. */
export const onlyPage: z.ZodType<readonly [never]> = z.tuple([z.never()]);

/** A list with its filters, as the request names them. */
function listOf(url: string): string {
  const { pathname, searchParams } = new URL(url);
  const filters = [...searchParams].filter(([name]) => name !== "limit" && name !== "cursor");
  return JSON.stringify([pathname, ...filters.map((pair) => JSON.stringify(pair)).sort()]);
}

/** An opaque cursor of a list from the last item's sort key. */
export const encodeCursor = (list: string, key: SortKey) =>
  Buffer.from(JSON.stringify([digestOf(list), ...key]), "utf8").toString("base64url");

const digestOf = (list: string) => new CryptoHasher("sha256").update(list).digest("base64url").slice(0, 8);

/** A cursor's sort key through the list's schema, a `z.tuple`; 400 for what this list has not made. Null for none. */
export function decodeCursor<T>(list: string, schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  const content = contentOf(cursor);
  const [digest, ...key] = content ?? [];
  // The release before gave cursors without a digest, and pages that it began go on. To be dropped in the release after.
  const result = content && schema.safeParse(digest === digestOf(list) ? key : content);
  if (result?.success) return result.data;
  throw new ProblemError(
    problem(
      "invalid-cursor",
      "query.cursor is not a nextCursor of this list with these filters. Leave it out to start at the first page.",
      [{ field: "query.cursor", message: "must be a nextCursor of this list with these filters" }],
    ),
  );
}

function contentOf(cursor: string): readonly unknown[] | null {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return null;
  try {
    const text = Buffer.from(cursor, "base64url").toString("utf8");
    const content: unknown = JSON.parse(text);
    return Array.isArray(content) && content.every((part) => typeof part !== "string" || isStorable(part))
      ? content
      : null;
  } catch {
    return null;
  }
}
