import { expect, test } from "bun:test";
import * as z from "zod";
import { defineCommands, defineEvents, topicOf } from "../messages/contract.ts";
import { moduleOf } from "../module.fixture.ts";
import { encodeRecord } from "../transport/kafka/record.ts";
import { asyncApiDocument, headersSchema } from "./asyncapi.ts";
import { asyncApiFaults } from "./published-schema.fixture.ts";

const info = { title: "shop", version: "1.2.3" };
const commands = topicOf(defineCommands("shelf", { Fill: z.object({ count: z.int().positive() }) }));
const events = topicOf(defineEvents("shelf", { Filled: z.object({}) }));
const document = asyncApiDocument(
  [
    moduleOf("shelf", { subscribes: [commands], sends: [events] }),
    moduleOf("buyer", { subscribes: [events], sends: [commands] }),
  ],
  info,
);

test("the document is AsyncAPI 3.0.0", () => {
  expect(document.asyncapi).toBe("3.0.0");
  expect(asyncApiFaults(document)).toEqual([]);
});

test("what is no AsyncAPI is noticed", () => {
  const lost = { action: "send", channel: { $ref: "#/channels/none" } };
  expect(asyncApiFaults({ ...document, operations: { lost } })).toEqual(["/channels/none"]);
  const bindings = { kafka: { partitionz: 1, bindingVersion: "0.5.0" } };
  expect(asyncApiFaults({ ...document, channels: { one: { address: "one", bindings } } })).not.toEqual([]);
});

test("it says who sends and who receives what, and how", () => {
  expect(document.operations).toMatchObject({
    "shelf.send.genai-demo.shelf.events.v1": { action: "send" },
    "shelf.receive.genai-demo.shelf.commands.v1": {
      action: "receive",
      channel: { $ref: "#/channels/genai-demo.shelf.commands.v1" },
      bindings: { kafka: { groupId: { const: "genai-demo.shelf" } } },
    },
    "buyer.send.genai-demo.shelf.commands.v1": { action: "send" },
    "buyer.receive.genai-demo.shelf.events.v1": { action: "receive" },
  });
  expect(document.channels).toMatchObject({
    "genai-demo.shelf.commands.v1": {
      address: "genai-demo.shelf.commands.v1",
      messages: {
        Fill: {
          headers: { properties: { ce_type: { const: "Fill" } } },
          payload: { properties: { count: { type: "integer", exclusiveMinimum: 0 } } },
          bindings: { kafka: { key: { type: "string" } } },
        },
      },
    },
    "genai-demo.shelf.events.v1": { messages: { Filled: {} } },
  });
});

test("records carry the headers that it names", () => {
  const sent = {
    topic: "genai-demo.shelf.events.v1",
    key: "one",
    sequence: 12,
    type: "Filled",
    producer: "shelf",
    timeMs: 0,
    causationId: "cause",
    correlationId: "request",
    data: "{}",
  };
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const message of [sent, { ...sent, traceparent }])
    expect(z.strictObject(headersSchema.shape).safeParse(encodeRecord(message).headers).error).toBeUndefined();
});

test("schemas that refer to themselves do so within the document", () => {
  const board = z.object({
    name: z.string().meta({ id: "BoardName" }),
    get inner() {
      return z.array(board);
    },
  });
  const built = topicOf(defineEvents("shelf", { Built: z.object({ board }) }));
  const recursive = asyncApiDocument([moduleOf("shelf", { subscribes: [], sends: [built] })], info);
  expect(JSON.stringify(recursive.channels)).toContain("/messages/Built/payload/definitions/BoardName");
  expect(asyncApiFaults(recursive)).toEqual([]);
});
