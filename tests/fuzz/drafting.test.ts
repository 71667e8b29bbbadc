import { expect, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { publicRoutes } from "../../runtime/edge/public-routes.ts";
import { openApiDocument } from "../../runtime/http/openapi.ts";
import { BODIES, EVENTS } from "./bodies.ts";
import { chanceOf } from "./chance.ts";
import { type Draft, pathOf } from "./draft.ts";
import { type Drafter, draftOf, WEIGHTS } from "./drafting.ts";
import { createMemory } from "./memory.ts";
import { operationsOf } from "./operations.ts";
import { spoiled } from "./spoil.ts";

const specs = publicRoutes(registry);
const document = openApiDocument(
  specs.map((spec) => ({ spec })),
  { title: "t", version: "1" },
);
const operations = operationsOf(document);

const drafterOf = (seed: number): Drafter => ({
  chance: chanceOf(seed),
  memory: createMemory(),
  webhookSecret: "secret",
  nowMs: () => 1_000_000,
});

function drafts(seed: number, count: number): Draft[] {
  const drafter = drafterOf(seed);
  return Array.from({ length: count }, () => spoiled(draftOf(operations, drafter), drafter.chance));
}

test("the same seed draws the same requests, another seed others", () => {
  expect(drafts(1, 300)).toEqual(drafts(1, 300));
  expect(drafts(2, 300)).not.toEqual(drafts(1, 300));
});

test("what is known of operations is of operations that are there", () => {
  const names = new Set(operations.map(({ name }) => name));
  for (const known of [BODIES, EVENTS, WEIGHTS].flatMap(Object.keys)) expect(names).toContain(known);
});

test("every operation is drawn, and its path has no parameter left", () => {
  const drafter = drafterOf(3);
  const drawn = Array.from({ length: 4_000 }, () => draftOf(operations, drafter));
  expect(new Set(drawn.map(({ operation }) => operation))).toEqual(new Set(operations.map(({ name }) => name)));
  for (const draft of drawn) expect(pathOf(draft)).toMatch(/^\/[^{}]+$/);
});

test("most bodies are what their routes take", () => {
  const { chance, memory } = drafterOf(4);
  for (const { method, path, body } of specs) {
    const make = BODIES[`${method} ${path}`];
    if (make === undefined || body === undefined) continue;
    const made = Array.from({ length: 100 }, () => make(chance, memory, "US"));
    const taken = made.filter((content) => body.safeParse(JSON.parse(JSON.stringify(content))).success).length;
    expect({ path, most: taken >= 50 }).toEqual({ path, most: true });
  }
});
