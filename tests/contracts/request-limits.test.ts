/** Every text, list, number and object that a request may hold is bounded by its schema, on every route of the platform. */
import { expect, test } from "bun:test";
import * as z from "zod";
import { registry } from "../../modules/registry.ts";
import { keysRoute } from "../../runtime/edge/keys.ts";
import { opsRoutes } from "../../runtime/edge/ops.ts";
import { topologyRoute } from "../../runtime/edge/topology-route.ts";
import { createHealth, healthRoutes } from "../../runtime/http/health.ts";
import { SIGNATURE_HEADER } from "../../runtime/http/webhook-signature.ts";
import { anInstance } from "../../runtime/instance.fixture.ts";
import { systemScheduler as scheduler } from "../../runtime/scheduler.ts";

const clock = { now: () => 0 };
const rpc = { call: () => Promise.reject(new Error("asks nobody")) };
const modules = registry.map(({ name }) => name);
const specs = [
  ...registry.flatMap(({ routes }) => routes),
  ...opsRoutes({ rpc, modules, clock, scheduler }),
  topologyRoute({ modules, self: () => anInstance(), replicas: undefined, clock }),
  keysRoute({ keys: [] }),
  ...healthRoutes(createHealth()),
].map(({ spec }) => spec);

const nodeSchema = z.looseObject({
  type: z.string().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  additionalProperties: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  prefixItems: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
});

/** Formats whose own rules say how long they are. */
const SHORT_FORMATS: readonly (string | undefined)[] = ["uuid", "date", "date-time"];
const CHOICES = ["anyOf", "oneOf", "allOf"] as const;

/** Whether a pattern fits only texts up to some length. */
function isBounded(pattern: string): boolean {
  const bare = pattern.replaceAll(/\\./g, "e").replaceAll(/\[[^\]]*\]/g, "c");
  return /^\^[^*+]*\$$/.test(bare) && !/\{\d+,\}/.test(bare);
}

/** What a JSON schema leaves open, each as a path and a word. */
function openEnds(schema: unknown, path: string): string[] {
  if (schema === false) return [];
  const node = nodeSchema.parse(schema === true ? {} : schema);
  if ("const" in node || "enum" in node) return [];
  const choices = CHOICES.flatMap((choice) => z.array(z.unknown()).parse(node[choice] ?? []));
  if (choices.length > 0) return choices.flatMap((each) => openEnds(each, path));
  switch (node.type) {
    case "null":
    case "boolean":
      return [];
    case "string":
      return node.maxLength !== undefined || SHORT_FORMATS.includes(node.format) || isBounded(node.pattern ?? "")
        ? []
        : [`${path} is a text of any length`];
    case "integer":
    case "number":
      return (node.minimum ?? node.exclusiveMinimum) !== undefined &&
        (node.maximum ?? node.exclusiveMaximum) !== undefined
        ? []
        : [`${path} is a number of any size`];
    case "array":
      return [
        ...(node.maxItems === undefined && node.prefixItems === undefined ? [`${path} is a list of any length`] : []),
        ...(node.items === undefined ? [] : openEnds(node.items, `${path}[]`)),
        ...(node.prefixItems ?? []).flatMap((each, index) => openEnds(each, `${path}[${index}]`)),
      ];
    case "object":
      return [
        ...(node.additionalProperties === false ? [] : [`${path} takes fields of any name`]),
        ...Object.entries(node.properties ?? {}).flatMap(([name, each]) => openEnds(each, `${path}.${name}`)),
      ];
    default:
      return [`${path} may be anything`];
  }
}

const openEndsOf = (schema: z.ZodType, path: string) =>
  openEnds(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), path);

/** An event is judged by its signature first, and by a schema only then: it is bounded by the limits of every body. */
const isWebhook = ({ headers }: (typeof specs)[number]) => headers !== undefined && SIGNATURE_HEADER in headers.shape;

test.each(specs.map((spec) => [`${spec.method} ${spec.path}`, spec] as const))("%s", (_name, spec) => {
  const { params, query, headers = z.object({}), body } = spec;
  const open = [
    ...(params ? openEndsOf(z.strictObject(params.shape), "path") : []),
    ...(query ? openEndsOf(query, "query") : []),
    // The path names its places, and other headers are not looked at.
    ...openEndsOf(z.strictObject(headers.shape), "header"),
    ...(body && !isWebhook(spec) ? openEndsOf(body, "body") : []),
  ];
  expect(open).toEqual([]);
});

test.each([
  [z.string(), "x is a text of any length"],
  [z.string().regex(/^[a-z]{1,}$/), "x is a text of any length"],
  [z.string().regex(/[a-z]{1,5}/), "x is a text of any length"],
  [z.array(z.uuid()), "x is a list of any length"],
  [z.array(z.string()).max(3), "x[] is a text of any length"],
  [z.strictObject({ a: z.number().min(1) }), "x.a is a number of any size"],
  [z.looseObject({}), "x takes fields of any name"],
  [z.record(z.string(), z.boolean()), "x takes fields of any name"],
  [z.union([z.literal("a"), z.string()]).optional(), "x is a text of any length"],
  [z.unknown(), "x may be anything"],
])("what is open is found: %#", (schema, finding) => expect(openEndsOf(schema, "x")).toEqual([finding]));
