/** What /openapi.json says, as somebody reads it who has nothing else. */
import Ajv from "ajv/dist/2020";
import * as z from "zod";

const content = z.record(
  z.string(),
  z.looseObject({ schema: z.unknown().optional(), example: z.unknown().optional() }),
);
const operation = z.looseObject({
  operationId: z.string(),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: content.optional() })),
});
const documentSchema = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

const JSON_BODY = "application/json";

export interface Operation {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  /** Whether it takes a body. */
  readonly hasBody: boolean;
  /** The body that the document shows; undefined: none. */
  readonly bodyExample: unknown;
}

/** An example, and what is wrong with it by its own schema. */
interface JudgedExample {
  readonly of: string;
  readonly fault: string | null;
}

export interface OpenApi {
  readonly operations: readonly Operation[];
  readonly examples: readonly JudgedExample[];
  /** What is wrong with an answer; null: its status is documented, and its body fits. */
  answerFault(operation: Operation, status: number, body: string): string | null;
}

export function readOpenApi(text: string): OpenApi {
  const raw: object = JSON.parse(text);
  const { paths } = documentSchema.parse(raw);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(raw, "openapi");
  const judge = (pointer: readonly string[], value: unknown): string | null => {
    const reference = pointer.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")));
    const fits = ajv.compile({ $ref: `openapi#/${reference.join("/")}` });
    return fits(value) ? null : ajv.errorsText(fits.errors);
  };
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, spec]) => ({ path, method, spec, at: ["paths", path, method] })),
  );
  const examples = all.flatMap(({ spec, at }) => [
    ...examplesIn(spec.requestBody?.content, [...at, "requestBody"]),
    ...Object.entries(spec.responses).flatMap(([status, response]) =>
      examplesIn(response.content, [...at, "responses", status]),
    ),
  ]);
  return {
    operations: all.map(({ path, method, spec }) => ({
      method: method.toUpperCase(),
      path,
      hasBody: spec.requestBody !== undefined,
      bodyExample: spec.requestBody?.content[JSON_BODY]?.example,
    })),
    examples: examples.map(({ pointer, value }) => ({
      of: pointer.slice(1, -2).join(" "),
      fault: judge(pointer, value),
    })),
    answerFault({ method, path }, status, body) {
      const at = ["paths", path, method.toLowerCase(), "responses", String(status)];
      const response = paths[path]?.[method.toLowerCase()]?.responses[String(status)];
      if (response === undefined) return `${status} is not documented: ${body}`;
      if (response.content === undefined) return body === "" ? null : `a body that is not documented: ${body}`;
      return judge([...at, "content", JSON_BODY, "schema"], JSON.parse(body));
    },
  };
}

const examplesIn = (media: z.infer<typeof content> | undefined, at: readonly string[]) =>
  // A stream has no schema.
  Object.entries(media ?? {}).flatMap(([type, { schema, example }]) =>
    example === undefined || schema === undefined
      ? []
      : [{ pointer: [...at, "content", type, "schema"], value: example }],
  );
