import { expect, test } from "bun:test";
import * as z from "zod";
import { conditions } from "./condition-schema.ts";

const { validUntil } = conditions;

test.each(["1970-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"])(
  "%s is a time from 1970 to 9999",
  (text) => {
    expect(validUntil.parse(text)).toBe(text);
  },
);

test.each(["1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"])("%s is none", (text) => {
  const { error } = validUntil.safeParse(text);
  expect(error && z.treeifyError(error).errors).toEqual(["must be a time from 1970 to 9999"]);
});

test("what is no time at all has one fault", () => {
  expect(validUntil.safeParse("yesterday").error?.issues).toHaveLength(1);
});
