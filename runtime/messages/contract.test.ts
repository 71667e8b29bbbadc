import { expect, test } from "bun:test";
import { z } from "zod";
import { defineCommands, defineEvents, message, topicName } from "./contract.ts";
import { on } from "./decision.ts";

const events = defineEvents("shelf", { Filled: z.strictObject({ count: z.int().min(0) }) });

test("types carry their topic, module and name", () => {
  expect(events.Filled).toMatchObject({ topic: "genai-demo.shelf.events.v1", module: "shelf", type: "Filled" });
  expect(defineCommands("shelf", { Fill: z.object({}) }).Fill.topic).toBe(topicName("shelf", "commands"));
  expect(defineEvents("shelf", { Filled: z.object({}) }, 2).Filled.topic).toBe("genai-demo.shelf.events.v2");
  expect(defineCommands("shelf", { Fill: z.object({}) }, 2).Fill.topic).toBe("genai-demo.shelf.commands.v2");
});

test("a message is checked before it is sent, and again where it arrives", () => {
  expect(message(events.Filled, { count: 2 })).toEqual({
    topic: "genai-demo.shelf.events.v1",
    type: "Filled",
    data: '{"count":2}',
  });
  expect(() => message(events.Filled, { count: -1 })).toThrow("count");
  const text = defineEvents("shelf", { Said: z.object({ text: z.string() }) });
  expect(message(text.Said, { text: "é".repeat(499_990) }).data.length).toBeGreaterThan(400_000);
  expect(() => message(text.Said, { text: "é".repeat(500_000) })).toThrow("a Said has 1000011 bytes");
  const handler = on<number, { count: number }>(events.Filled, (_state, { count }) => ({ state: count }));
  expect(() => handler.prepare('{"count":1,"more":2}')).toThrow("more");
  expect(() => handler.prepare("{")).toThrow();
  expect(handler.urgency).toBe("customer");
});
