/** Whether the names of fields tell the runtime which of them hold personal data: in requests, messages and calls. */
import { expect, test } from "bun:test";
import { Glob } from "bun";
import * as z from "zod";
import type { CallKind } from "../runtime/messages/call.ts";
import { isPersonal } from "../runtime/personal-data.ts";
import { registry } from "./registry.ts";

/** What is about people, by words in the names of fields; the rest is named here, so that a new field is thought about. */
const ABOUT_PEOPLE =
  /name$|line\d|city|^region|postal|mail|phone|recipient|device|token|reason|subject|text|^body$|address$/i;

test("every field of a request that sounds personal is known by its name, or holds fields that are", () => {
  expect(unknownIn(registry.flatMap(({ routes }) => routes.flatMap(({ spec }) => spec.body ?? [])))).toEqual([]);
});

test("so is every field of a message", () => {
  const topics = registry.flatMap(({ topics }) => topics.sends);
  expect(topics.length).toBeGreaterThan(0);
  expect(unknownIn(topics.flatMap(({ types }) => [...types.values()]))).toEqual([]);
});

test("so is every field of a call to the outside world, and of its answer", async () => {
  const calls: CallKind<unknown, unknown>[] = [];
  for await (const path of new Glob("*/*.ts").scan({ cwd: import.meta.dir, absolute: true })) {
    if (!(await Bun.file(path).text()).includes("defineCall(")) continue;
    const exported: Readonly<Record<string, unknown>> = await import(path);
    calls.push(...Object.values(exported).filter(isCall));
  }
  expect(calls.map(({ kind }) => kind)).toContain("send_notice");
  expect(unknownIn(calls.flatMap(({ request, answer }) => [request, answer]))).toEqual([]);
});

const isCall = (value: unknown): value is CallKind<unknown, unknown> =>
  typeof value === "object" && value !== null && "kind" in value && "request" in value && "answer" in value;

function unknownIn(schemas: readonly z.ZodType[]): readonly string[] {
  const unknown = new Set<string>();
  for (const schema of schemas) visit(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), unknown);
  return [...unknown].sort();
}

function visit(schema: unknown, unknown: Set<string>): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties")
      for (const [field, held] of Object.entries(value))
        if (ABOUT_PEOPLE.test(field) && !isPersonal(field) && !("properties" in Object(held))) unknown.add(field);
    visit(value, unknown);
  }
}
