import * as z from "zod";
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import { asTyped } from "../program.ts";
import { EVENT_STREAM } from "./event-streams.ts";
import { WAIT_LIMIT_SECONDS } from "./preferences.ts";
import { PROBLEMS } from "./problem.ts";
import { type Rights, scopeOf } from "./rights.ts";
import type { ResponseSpec, RouteSpec } from "./route.ts";
import { layerProblems } from "./statuses.ts";

export type OpenApiDocument = ReturnType<typeof createDocument>;

const problemSchema = z
  .object({
    type: z.string().describe("Stable; decide by this."),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().optional(),
    errors: z
      .array(z.object({ field: z.string().describe("Such as body.items.0.quantity."), message: z.string() }))
      .optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

const idempotencyHeader = (required: boolean) => {
  const key = z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/)
    .describe("The same key with the same body gives the same answer; with another body 422.")
    .meta({ example: "7f1d2c1e-0d5e-4c61-9a51-2f4f1f0a6b1d" });
  return required ? key : key.optional();
};

const waitHeader = z
  .string()
  .optional()
  .describe(
    `\`wait=N\` holds the answer up to N seconds (at most ${WAIT_LIMIT_SECONDS}). What is not understood is ignored.`,
  )
  .meta({ example: "wait=5" });

/** The OpenAPI 3.1 document of routes, from the schemas that check their requests. */
export function openApiDocument(
  routes: readonly { readonly spec: RouteSpec }[],
  info: { readonly title: string; readonly version: string; readonly description?: string },
): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const { spec } of routes) {
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: operation(spec) };
  }
  const document: ZodOpenApiObject = {
    openapi: "3.1.1",
    info,
    servers: [{ url: "/" }],
    tags: [...new Set(routes.flatMap(({ spec }) => (spec.tag ? [spec.tag] : [])))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        customer: bearer(asTyped("A customer's OIDC token; in development `bun run token --role customer`.")),
        operator: bearer(
          asTyped(
            "An operator's OIDC token with the scope that is named; in development `bun run token --role operator`.",
          ),
        ),
      },
    },
  };
  return createDocument(document);
}

const bearer = (description: string) => ({ type: "http", scheme: "bearer", bearerFormat: "JWT", description }) as const;

function operation(spec: RouteSpec): ZodOpenApiOperationObject {
  const header = z.object({
    ...spec.headers?.shape,
    ...(spec.idempotency ? { "Idempotency-Key": idempotencyHeader(spec.idempotency === "required") } : {}),
    ...(spec.wait ? { Prefer: waitHeader } : {}),
  });
  const description = [spec.description, rightsText(spec.rights)].filter(Boolean).join("\n\n");
  return {
    operationId: operationId(spec),
    summary: spec.summary,
    ...(description ? { description } : {}),
    ...(spec.tag ? { tags: [spec.tag] } : {}),
    security: securityOf(spec.rights),
    requestParams: {
      ...(spec.params ? { path: spec.params } : {}),
      ...(spec.query ? { query: spec.query } : {}),
      ...(Object.keys(header.shape).length > 0 ? { header } : {}),
    },
    ...(spec.body
      ? {
          requestBody: {
            required: !spec.body.safeParse(undefined).success,
            content: {
              "application/json": {
                schema: spec.body,
                ...(spec.bodyExample === undefined ? {} : { example: spec.bodyExample }),
              },
            },
          },
        }
      : {}),
    responses: responses(spec),
  };
}

function rightsText(rights: Rights): string {
  if (rights.callers === "anyone") return "";
  const scope = scopeOf(rights);
  return `Callers: ${rights.callers}${scope === undefined ? "" : `, operators with the scope \`${scope}\``}.`;
}

/** Either of these tokens will do. */
const securityOf = (rights: Rights): Record<string, string[]>[] => [
  ...(rights.callers === "customers" || rights.callers === "customers and operators" ? [{ customer: [] }] : []),
  ...("scope" in rights ? [{ operator: [rights.scope] }] : []),
];

const operationId = ({ method, path }: RouteSpec) =>
  [
    method.toLowerCase(),
    ...path
      .replace(/^\/api\/v1/, "")
      .split(/[^A-Za-z0-9]+/)
      .filter(Boolean),
  ]
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");

function responses(spec: RouteSpec): ZodOpenApiResponsesObject {
  const all: ZodOpenApiResponsesObject = {};
  for (const [status, response] of Object.entries(spec.responses)) {
    all[statusKey(Number(status))] = Number(status) >= 400 ? problemResponse(response.description) : success(response);
  }
  const titles = new Map<number, string[]>();
  for (const slug of layerProblems(spec)) {
    const [status, title] = PROBLEMS[slug];
    titles.set(status, [...(titles.get(status) ?? []), `${title} (\`${slug}\`).`]);
  }
  for (const [status, lines] of titles) {
    const own = spec.responses[status];
    all[statusKey(status)] = problemResponse([...(own ? [own.description] : []), ...lines].join(" "), status);
  }
  return all;
}

// The library types keys as three-digit literals; every status here is one.
const statusKey = (status: number) => String(status) as `${1 | 2 | 3 | 4 | 5}${string}`;

const text = { schema: { type: "string" as const } };

function problemResponse(description: string, status?: number) {
  const headers =
    status === 401
      ? { "WWW-Authenticate": text }
      : status === 503 || status === 429
        ? { "Retry-After": text }
        : undefined;
  return {
    description,
    ...(headers ? { headers } : {}),
    content: { "application/problem+json": { schema: problemSchema } },
  };
}

function success(response: ResponseSpec) {
  const headers = Object.fromEntries(
    Object.entries(response.headers ?? {}).map(([name, description]) => [name, { ...text, description }]),
  );
  const mediaType = response.mediaType ?? "application/json";
  const example = response.example === undefined ? {} : { example: response.example };
  // OpenAPI 3.1 has no schema for the events of a stream; that of the whole text would say nothing.
  const schema = response.schema ? { schema: response.schema } : mediaType === EVENT_STREAM ? {} : text;
  const content = response.schema || response.mediaType ? { [mediaType]: { ...schema, ...example } } : undefined;
  return { description: response.description, headers, ...(content ? { content } : {}) };
}
