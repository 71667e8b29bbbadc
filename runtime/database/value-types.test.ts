import { expect, test } from "bun:test";
import { checkParameters, parseArray, parseTimestamp } from "./value-types.ts";

test("arrays come back with quotes, escapes and nulls understood", () => {
  const text = (value: string) => value;
  expect(parseArray("{}", text)).toEqual([]);
  expect(parseArray('{a,"b c",NULL,"NULL",""}', text)).toEqual(["a", "b c", null, "NULL", ""]);
  expect(parseArray('{"q\\"uote","back\\\\slash","brace}{","comma,"}', text)).toEqual([
    'q"uote',
    "back\\slash",
    "brace}{",
    "comma,",
  ]);
  expect(parseArray("{1,2,-3}", Number)).toEqual([1, 2, -3]);
});

test("timestamps become milliseconds", () => {
  expect(parseTimestamp("1970-01-01 00:00:01.5+00")).toBe(1500);
  expect(parseTimestamp("2026-01-31 10:00:00.123456+00")).toBe(Date.UTC(2026, 0, 31, 10, 0, 0, 123));
  expect(parseTimestamp("2026-01-31 10:00:00+05:30")).toBe(Date.UTC(2026, 0, 31, 4, 30));
  expect(parseTimestamp("infinity")).toBe(Number.POSITIVE_INFINITY);
  expect(() => parseTimestamp("yesterday")).toThrow("cannot read the timestamp");
});

test("a parameter that the driver could not send is refused by its position", () => {
  expect(checkParameters(["a", 1, true, null])).toBeNull();
  expect(checkParameters(JSON.parse('["a", {}]'))?.message).toBe("parameter $2 is a object");
  expect(checkParameters(new Array(70_000).fill(1))?.kind).toBe("rejected");
});
