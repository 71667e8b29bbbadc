import { expect, test } from "bun:test";
import { arrayLiteral } from "./array-literal.ts";
import { parseArray } from "./value-types.ts";

test("texts come back as they were, whatever is in them", () => {
  const texts = ["", "a", 'a"b', "a\\b", "{a,b}", "NULL", " a ", "$&", "a\nb", "訂單"];
  expect(parseArray(arrayLiteral(texts), (text) => text)).toEqual(texts);
});

test("numbers stand bare, nothing is an empty array", () => {
  expect(arrayLiteral([1, -2, 3])).toBe("{1,-2,3}");
  expect(arrayLiteral([])).toBe("{}");
});
