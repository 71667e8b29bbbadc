import { expect, test } from "bun:test";
import { z } from "zod";
import type { Rights } from "./http/rights.ts";
import { route } from "./http/route.ts";
import { defineCommands, defineEvents, topicOf } from "./messages/contract.ts";
import type { ModuleFacts } from "./module.ts";
import { callersOf, checkRegistry, collectionsOf, topicsOf } from "./registry.ts";
import { defineRpc } from "./rpc/port.ts";

const shelfCommands = topicOf(defineCommands("shelf", { Fill: z.object({}) }));
const shelfEvents = topicOf(defineEvents("shelf", { Filled: z.object({}) }));
const count = defineRpc({ module: "shelf", name: "count", request: z.object({}), response: z.int() });
const at = (path: string, rights: Rights<never> = { callers: "anyone", object: "shared" }) =>
  route({
    method: "GET",
    path,
    rights,
    summary: "x",
    responses: { 200: { description: "x" } },
    handle: async () => ({ status: 200 }),
  });

const shelf: ModuleFacts = {
  name: "shelf",
  topics: { subscribes: [shelfCommands], sends: [shelfEvents] },
  serves: [count],
  asks: [],
  routes: [at("/api/v1/shelves/{id}"), at("/api/v1/shelves"), at("/api/v1/boards")],
};
const buyer: ModuleFacts = {
  name: "buyer",
  topics: { subscribes: [shelfEvents], sends: [shelfCommands] },
  serves: [],
  asks: [count],
  routes: [],
};

test("topics come once, by name; collections are what paths begin with", () => {
  expect(topicsOf([shelf, buyer]).map(({ name }) => name)).toEqual([
    "genai-demo.shelf.commands.v1",
    "genai-demo.shelf.events.v1",
  ]);
  expect(collectionsOf(shelf)).toEqual(["boards", "shelves"]);
});

test("a method may be asked by who declares it, dead letters by the edge alone", () => {
  const callers = callersOf([shelf, buyer], [count]);
  expect(callers.get("shelf.count")).toEqual(["buyer", "edge"]);
  expect(callers.get("shelf.deadLetters.list")).toEqual(["edge"]);
  expect(callers.get("buyer.count")).toBeUndefined();
});

test("a method that nobody serves cannot be asked", () => {
  expect(() => callersOf([buyer], [])).toThrow("buyer asks shelf.count, which no module serves");
});

test("declarations that fit are taken", () => {
  expect(() => checkRegistry([shelf, buyer])).not.toThrow();
});

test.each([
  ["the same name", [shelf, buyer, { ...buyer }], "two modules have the same name"],
  ["a name that is none", [shelf, { ...buyer, name: "Buyer-2" }], "Buyer-2 is no name"],
  ["another's method", [shelf, { ...buyer, serves: [count] }], "buyer serves shelf.count, which is another's"],
  ["the same paths", [shelf, { ...buyer, routes: shelf.routes }], "/api/v1/boards is both shelf's and buyer's"],
  ["the edge's paths", [shelf, { ...buyer, routes: [at("/api/v1/ops/x")] }], "/api/v1/ops is both edge's and buyer's"],
  [
    "another's scope",
    [
      shelf,
      { ...buyer, routes: [at("/api/v1/buyers", { callers: "operators", scope: "shelf:read", object: "shared" })] },
    ],
    "GET /api/v1/buyers of buyer asks for the scope shelf:read, which is another's",
  ],
  [
    "a path that is nobody's",
    [shelf, { ...buyer, routes: [at("/api/v1/buyers/{id}", { callers: "customers", object: "own" })] }],
    "GET /api/v1/buyers/{id} says not whose {id} is",
  ],
  ["the edge's name", [shelf, { ...buyer, name: "edge" }], "no module may be called edge"],
  ["a topic of nobody", [buyer], "whose module is not there"],
  ["commands that nobody sends", [shelf], "nobody sends genai-demo.shelf.commands.v1"],
  [
    "events of another",
    [shelf, { ...buyer, topics: { subscribes: [], sends: [shelfCommands, shelfEvents] } }],
    "genai-demo.shelf.events.v1 is sent by others than shelf",
  ],
  [
    "commands to another",
    [shelf, { ...buyer, topics: { subscribes: [shelfCommands], sends: [shelfCommands] } }],
    "genai-demo.shelf.commands.v1 is taken by others than shelf",
  ],
  [
    "two senders of commands",
    [shelf, buyer, { ...buyer, name: "thief", asks: [] }],
    "genai-demo.shelf.commands.v1 has several senders: buyer, thief",
  ],
] as const)("%s is refused", (_what, modules, fault) => {
  expect(() => checkRegistry(modules)).toThrow(fault);
});
