import { expect, test } from "bun:test";
import * as z from "zod";
import { defineCommands, defineEvents, topicOf } from "../messages/contract.ts";
import { moduleOf } from "../module.fixture.ts";
import type { ModuleFacts } from "../module.ts";
import { stableJson } from "./json-schema.ts";
import { contractFaultLine, contractFaults, contractsOf, moduleContractSchema } from "./module-contract.ts";

const commands = topicOf(defineCommands("shelf", { Fill: z.object({}) }));
const events = (types: Record<string, z.ZodType>, version?: number) => topicOf(defineEvents("shelf", types, version));
const filled = z.object({ count: z.int32() });

/** The contract of a module that tells these events. */
function contractWith(topics: ModuleFacts["topics"]["sends"]) {
  const [contract] = contractsOf([moduleOf("shelf", { subscribes: [commands], sends: topics })], "1.2.3");
  if (!contract) throw new Error("a module with topics has a contract");
  return contract;
}

const released = contractWith([events({ Filled: filled })]);
const linesAfter = (...topics: ModuleFacts["topics"]["sends"]) =>
  contractFaults(released, contractWith(topics).topics).map(contractFaultLine);

test("a contract has the topics that its module owns, and is read back as it was", () => {
  const buyer = moduleOf("buyer", { subscribes: [events({ Filled: filled })], sends: [commands] });
  const shelf = moduleOf("shelf", { subscribes: [commands], sends: [events({ Filled: filled })] });
  expect(contractsOf([buyer, shelf], "1.2.3")).toEqual([released]);
  expect(Object.keys(released.topics)).toEqual(["genai-demo.shelf.commands.v1", "genai-demo.shelf.events.v1"]);
  expect(moduleContractSchema.parse(JSON.parse(stableJson(released)))).toEqual(released);
});

test("types and topics may come", () => {
  expect(linesAfter(events({ Filled: filled, Emptied: z.object({}) }), events({ Filled: z.object({}) }, 2))).toEqual(
    [],
  );
});

test("types and topics may not go", () => {
  const instead =
    "and 1.2.3 sends or reads it. Instead: keep it while 1.2.3 runs or a message of it is left, or leave it out of a new topic, genai-demo.shelf.events.v2.";
  expect(linesAfter()).toEqual([`shelf: genai-demo.shelf.events.v1: it is gone, ${instead}`]);
  expect(linesAfter(events({ Emptied: filled }))).toEqual([
    `shelf: genai-demo.shelf.events.v1 Filled: it is gone, ${instead}`,
  ]);
});

test("a change of a type names the field and who refuses it", () => {
  const instead =
    "Instead: leave Filled as it was, and define a new type beside it, which a later release sends when every reader knows it.";
  expect(linesAfter(events({ Filled: z.object({ count: z.int32(), by: z.string() }) }))).toEqual([
    `shelf: genai-demo.shelf.events.v1 Filled /by: this version refuses what 1.2.3 sends: it may be missing, and is required. ${instead}`,
  ]);
  expect(linesAfter(events({ Filled: filled.nullable() }))).toEqual([
    `shelf: genai-demo.shelf.events.v1 Filled (the whole message): 1.2.3 refuses what this version sends: it may be null, and object is expected. ${instead}`,
  ]);
});

test("a type that no file could keep is named", () => {
  expect(() => contractWith([events({ Filled: z.object({ at: z.date() }) })])).toThrow(
    "Filled on genai-demo.shelf.events.v1: Date cannot be represented",
  );
});
