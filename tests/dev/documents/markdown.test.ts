import { expect, test } from "bun:test";
import { blocksOf, missingFrom, patched } from "./markdown.ts";

test("blocks have their language, their note and their text", () => {
  expect(blocksOf("a\n```sh in another terminal\nrun\n```\n`b`\n```\nc\n```\n")).toEqual([
    { language: "sh", note: "in another terminal", text: "run\n", line: 2 },
    { language: "", note: "", text: "c\n", line: 6 },
  ]);
});

test("a diff changes what is there once, and nothing else", () => {
  expect(patched("a\nb\nc\n", " a\n-b\n+d\n")).toBe("a\nd\nc\n");
  expect(() => patched("b\nb\n", "-b\n")).toThrow("2 times");
  expect(() => patched("a\n", "-b\n")).toThrow("0 times");
});

test("expected lines are looked for in their order", () => {
  expect(missingFrom("x\n1 a 2\ny\n", "…a…\ny\n")).toEqual([]);
  expect(missingFrom("y\na\n", "a\ny\n")).toEqual(["y"]);
  expect(missingFrom("ab\n", "a\n")).toEqual(["a"]);
});
