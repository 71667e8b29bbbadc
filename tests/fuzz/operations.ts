/** What the OpenAPI document says of each operation's request. */
import * as z from "zod";

export interface Operation {
  /** `POST /api/v1/orders`. */
  readonly name: string;
  readonly query: readonly string[];
  /** Names as documented. */
  readonly headers: readonly string[];
  /** The body that the document shows; undefined where it shows none. */
  readonly example: unknown;
  readonly takesBody: boolean;
  /** Whether it needs a token. */
  readonly secured: boolean;
}

const media = z.looseObject({ example: z.unknown().optional() });
const operation = z.looseObject({
  parameters: z.array(z.looseObject({ in: z.string(), name: z.string() })).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), media) }).optional(),
  security: z.array(z.unknown()).default([]),
});
const paths = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

/** The operations of a document, in its order. */
export function operationsOf(openApi: unknown): Operation[] {
  return Object.entries(paths.parse(openApi).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, requestBody, security }]) => {
      const named = (place: string) => parameters.filter((each) => each.in === place).map(({ name }) => name);
      return {
        name: `${method.toUpperCase()} ${path}`,
        query: named("query"),
        headers: named("header"),
        example: requestBody?.content["application/json"]?.example,
        takesBody: requestBody !== undefined,
        secured: security.length > 0,
      };
    }),
  );
}
