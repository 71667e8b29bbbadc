/**
 * The AsyncAPI 3.0.0 document of all topics: who sends and who receives what, and how it looks on Kafka. It describes
 * messages as the Kafka transport writes them, where no prefix is set; within one process the same messages pass without
 * headers.
 */
import * as z from "zod";
import type { Topic } from "../messages/contract.ts";
import { KEY_LIMIT, SEQUENCE_LIMIT } from "../messages/dead-letter.ts";
import type { ModuleFacts } from "../module.ts";
import { topicsOf } from "../registry.ts";
import { draft7SchemaOf } from "./json-schema.ts";

const BINDING = { bindingVersion: "0.5.0" };

/** A record's headers: CloudEvents 1.0 in binary mode, and the trace. */
export const headersSchema = z.object({
  "content-type": z.literal("application/json"),
  ce_specversion: z.literal("1.0"),
  ce_id: z.string().describe("Topic, key and sequence: the same however often it is delivered."),
  ce_source: z
    .string()
    .regex(/^\/genai-demo\/[a-z][a-z0-9]*$/)
    .describe("The module that sent it."),
  ce_type: z.string(),
  ce_time: z.string().meta({ format: "date-time", description: "When it was decided." }),
  ce_sequence: z
    .string()
    .regex(/^[1-9]\d*$/)
    .describe(`Counts from 1 without holes for each sender, topic and key, up to ${SEQUENCE_LIMIT}.`),
  ce_causationid: z.string().describe("The message, timer or request that it came from."),
  ce_correlationid: z.string().describe("The same for all that one request set off."),
  traceparent: z.string().optional().describe("W3C trace context."),
});

const key = {
  type: "string",
  minLength: 1,
  maxLength: KEY_LIMIT,
  description: "The order, or the aggregate of the topic's module. Messages of a key are delivered in order.",
};

/** The document of the given modules, wherever they run. */
export function asyncApiDocument(
  modules: readonly ModuleFacts[],
  info: { readonly title: string; readonly version: string; readonly description?: string },
) {
  const topics = topicsOf(modules);
  return {
    asyncapi: "3.0.0",
    info,
    defaultContentType: "application/json",
    channels: Object.fromEntries(topics.map((topic) => [topic.name, channelOf(topic)])),
    operations: Object.fromEntries(modules.flatMap(operationsOf)),
    components: {
      schemas: { Headers: draft7SchemaOf(headersSchema) },
      correlationIds: { request: { location: "$message.header#/ce_correlationid" } },
    },
  };
}

const channelOf = ({ name, module, types }: Topic) => ({
  address: name,
  tags: [{ name: module }],
  messages: Object.fromEntries(
    [...types].map(([type, schema]) => [
      type,
      {
        name: type,
        contentType: "application/json",
        headers: {
          type: "object",
          allOf: [{ $ref: "#/components/schemas/Headers" }],
          properties: { ce_type: { const: type } },
        },
        payload: placed(draft7SchemaOf(schema), `#/channels/${name}/messages/${type}/payload`),
        correlationId: { $ref: "#/components/correlationIds/request" },
        bindings: { kafka: { key, ...BINDING } },
      },
    ]),
  ),
  bindings: { kafka: { topic: name, ...BINDING } },
});

function operationsOf({ name, topics }: ModuleFacts) {
  const groupId = { type: "string", const: `genai-demo.${name}` };
  return [
    ...topics.sends.map((topic) => operation(name, "send", topic, {})),
    ...topics.subscribes.map((topic) =>
      operation(name, "receive", topic, { bindings: { kafka: { groupId, ...BINDING } } }),
    ),
  ];
}

const operation = (module: string, action: "send" | "receive", { name }: Topic, more: object) =>
  [
    `${module}.${action}.${name}`,
    { action, channel: { $ref: `#/channels/${name}` }, tags: [{ name: module }], ...more },
  ] as const;

/** A schema with its references to itself made references into the document, where it stands at `place`. */
function placed(schema: unknown, place: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => placed(item, place));
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) =>
      keyword === "$ref" && typeof value === "string"
        ? [keyword, value.replace(/^#/, place)]
        : [keyword, placed(value, place)],
    ),
  );
}
