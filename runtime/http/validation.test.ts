import { expect, test } from "bun:test";
import * as z from "zod";
import { ProblemError } from "./problem.ts";
import { validate } from "./validation.ts";
import { eventFields } from "./webhook-route.ts";

function adviceOn(schema: z.ZodType, input: unknown): unknown {
  try {
    validate("body", schema, input);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.errors?.map(({ message }) => message);
    throw error;
  }
  return undefined;
}

test.each<[z.ZodType, string]>([
  [z.iso.datetime(), "must be a time such as 2026-01-31T00:00:00Z"],
  [z.uuid(), "must be a UUID such as 018f6d0e-0000-7000-8000-000000000000"],
  [z.email(), "must be an e-mail address such as alice@example.com"],
  [eventFields.id, "must be 1 to 200 visible ASCII characters without spaces"],
])("who sends another form is told which one is wanted: %#", (schema, advice) => {
  expect(adviceOn(schema, "next Tuesday")).toEqual([advice]);
  const example = / such as (\S+)$/.exec(advice)?.[1] ?? "evt_1";
  expect(adviceOn(schema, example)).toBeUndefined();
});
