import { expect, test } from "bun:test";
import { line } from "./typed-line.ts";

const takes = (text: string) => line(5).safeParse(text).success;

test("a line is text that somebody can read, with blanks where they like", () => {
  for (const text of ["a", " a ", "a b", "茶", "\u00a0x"]) expect(takes(text)).toBe(true);
});

test("blanks alone, a control character anywhere, and what is too long are refused", () => {
  for (const text of ["", " ", "\u3000", "\u00a0", "\u2028", "abcdef"]) expect(takes(text)).toBe(false);
  for (const control of ["\u0000", "\u0007", "\n", "\u007f", "\u0085"])
    for (const text of [control, `a${control}`, `${control}a`, `a${control}a`]) expect(takes(text)).toBe(false);
});

test("a long text is refused in about the time that reading it takes", () => {
  const text = `${"a".repeat(20_000)}\u0001`;
  const checkedMs = () => {
    const startedMs = performance.now();
    line(Number.MAX_SAFE_INTEGER).safeParse(text);
    return performance.now() - startedMs;
  };
  // Some 0.1 ms. With the square of its length it is about a second, each time.
  expect(Math.min(checkedMs(), checkedMs(), checkedMs())).toBeLessThan(200);
});
