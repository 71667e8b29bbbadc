import { expect, test } from "bun:test";
import { requireMatch } from "./if-match.ts";
import { ProblemError } from "./problem.ts";

test.each<[string | undefined, number | undefined, boolean]>([
  [undefined, 3, true],
  [undefined, undefined, true],
  ['"3"', 3, true],
  ['"1", "3"', 3, true],
  [" * ", 3, true],
  ["*", undefined, false],
  ['"3"', undefined, false],
  ['"3"', 4, false],
  ["3", 3, false],
  ['W/"3"', 3, false],
  ["", 3, false],
])("If-Match %p of version %p: %p", (header, version, allowed) => {
  const check = () => requireMatch(header, version);
  if (allowed) expect(check).not.toThrow();
  else {
    expect(check).toThrow(ProblemError);
    expect(check).toThrow("412 /problems/version-mismatch");
  }
});

test("says what to do: read again what has changed, leave it out where there is nothing to read", () => {
  const detailOf = (version: number | undefined) => {
    try {
      requireMatch('"3"', version);
    } catch (error) {
      return error instanceof ProblemError ? error.problem.detail : error;
    }
  };
  expect(detailOf(4)).toBe('The ETag is "4", not "3". Read it again.');
  expect(detailOf(undefined)).toBe("There is nothing yet that If-Match could name. Leave it out to create it.");
});
