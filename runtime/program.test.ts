import { expect, test } from "bun:test";
import { join } from "node:path";
import { asTyped, programCall, shellWord } from "./program.ts";

test("a checkout's texts become the executable's", () => {
  expect(asTyped("T=$(bun run --silent token --role operator); bun run config", true)).toBe(
    "T=$(genai-demo token --role operator); genai-demo config",
  );
  expect(asTyped("bun run config", false)).toBe("bun run config");
});

test("in a checkout commands are called as the README does", async () => {
  const readme = await Bun.file(join(import.meta.dir, "..", "README.md")).text();
  expect(readme).toContain(`${programCall()} token --role customer`);
});

test.each([
  ["./genai-demo", "./genai-demo"],
  ["a b", "'a b'"],
  ["it's", "'it'\\''s'"],
])("%p is one word of a shell as %p", (text, word) => {
  expect(shellWord(text)).toBe(word);
  expect(Bun.spawnSync(["sh", "-c", `printf %s ${word}`]).stdout.toString()).toBe(text);
});
