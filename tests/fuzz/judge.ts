/**
 * Judges answers by the OpenAPI document that the platform itself publishes: the status must be one that the operation
 * documents, the media type one of that status, the body must fit its schema, and the headers documented with it must be
 * there. An answer of 5xx is wrong in any case.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import * as z from "zod";
import type { FindingKind } from "./finding.ts";

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

const answerSchema = z.looseObject({
  headers: z.record(z.string(), z.unknown()).optional(),
  content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })).optional(),
});
const operationSchema = z.looseObject({ responses: z.record(z.string(), answerSchema) });
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), operationSchema)),
});

export interface JudgedAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Null where it was not read to its end, as a stream is not. */
  readonly text: string | null;
}

export interface Fault {
  readonly kind: FindingKind;
  readonly detail: string;
}

export interface Judge {
  /** `POST /api/v1/orders`, and all others of the document. */
  readonly operations: ReadonlySet<string>;
  /** Everything that is wrong with an answer. Throws for an operation that the document does not have. */
  faultsOf(operation: string, answer: JudgedAnswer): Fault[];
}

interface Documented {
  readonly headers: readonly string[];
  /** By media type; null where no schema is to be applied, such as to a page. */
  readonly bodies: ReadonlyMap<string, ValidateFunction | null>;
}

/** A judge that knows the given document. */
export function judgeBy(openApi: unknown): Judge {
  const document = documentSchema.parse(openApi);
  // Formats are stated by patterns beside them.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false, logger: false });
  ajv.addSchema(document, "openapi");
  const operations = new Map<string, ReadonlyMap<number, Documented>>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const method of METHODS) {
      const operation = methods[method];
      if (operation === undefined) continue;
      const answers = Object.entries(operation.responses).map(([status, { headers = {}, content = {} }]) => {
        const bodyOf = (mediaType: string) => {
          const pointer = ["paths", path, method, "responses", status, "content", mediaType, "schema"].map(escaped);
          return isJson(mediaType) && content[mediaType]?.schema !== undefined
            ? ajv.compile({ $ref: `openapi#/${pointer.join("/")}` })
            : null;
        };
        const bodies = new Map(Object.keys(content).map((mediaType) => [mediaType, bodyOf(mediaType)]));
        return [Number(status), { headers: Object.keys(headers), bodies }] as const;
      });
      operations.set(`${method.toUpperCase()} ${path}`, new Map(answers));
    }
  return {
    operations: new Set(operations.keys()),
    faultsOf(name, answer) {
      const answers = operations.get(name);
      if (answers === undefined) throw new Error(`the OpenAPI document has no operation ${name}`);
      const faults: Fault[] = [];
      if (answer.status >= 500) faults.push({ kind: "server-error", detail: `answered ${answer.status}` });
      const documented = answers.get(answer.status);
      if (documented === undefined)
        return [...faults, { kind: "undocumented", detail: `status ${answer.status} is not documented` }];
      return [...faults, ...bodyFaults(documented, answer), ...headerFaults(documented, answer)];
    },
  };
}

const isJson = (mediaType: string) => /^application\/(?:[\w.-]+\+)?json$/.test(mediaType);

/** A JSON pointer's token in a URI. */
const escaped = (token: string) => encodeURIComponent(token.replaceAll("~", "~0").replaceAll("/", "~1"));

function bodyFaults({ bodies }: Documented, { status, headers, text }: JudgedAnswer): Fault[] {
  const mediaType = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (bodies.size === 0)
    return text === "" || text === null ? [] : [{ kind: "schema", detail: `${status} has a body, and documents none` }];
  if (mediaType === undefined || !bodies.has(mediaType))
    return [{ kind: "undocumented", detail: `${status} as ${mediaType ?? "no media type"} is not documented` }];
  const validate = bodies.get(mediaType);
  if (!validate || text === null) return [];
  const content = parsed(text);
  if (content === undefined) return [{ kind: "schema", detail: `${status}: the body is not JSON` }];
  const faults: Fault[] = [];
  if (!validate(content)) {
    const [error] = validate.errors ?? [];
    faults.push({
      kind: "schema",
      detail: `${status}: body${error?.instancePath ?? ""} ${error?.message ?? "is wrong"}`,
    });
  }
  const problem = z.looseObject({ status: z.number() }).safeParse(content);
  if (mediaType === "application/problem+json" && problem.data?.status !== status)
    faults.push({ kind: "schema", detail: `${status}: the problem says status ${problem.data?.status}` });
  return faults;
}

const headerFaults = (documented: Documented, { status, headers }: JudgedAnswer): Fault[] =>
  documented.headers
    .filter((name) => !headers.has(name))
    .map((name) => ({ kind: "schema", detail: `${status}: the documented header ${name} is missing` }));

function parsed(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    return content;
  } catch {
    return undefined;
  }
}
