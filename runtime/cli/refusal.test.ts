import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "../start-error.ts";
import { UsageError } from "./arguments.ts";
import { refusalOf } from "./refusal.ts";

test("what is expected is said in its own words, a bug with its stack", () => {
  expect(refusalOf(new StartError("no database"))).toEqual({ text: "no database", code: 1 });
  expect(refusalOf(new UsageError("no flag --x"))).toEqual({ text: "no flag --x", code: 2 });
  expect(refusalOf(new TypeError("a bug")).text).toContain("refusal.test.ts");
});

test("a file that does not parse, or imports what is not there, is shown with its line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "genai-demo-refusal-"));
  try {
    await writeFile(join(folder, "broken.ts"), "const fine = 1;\nconst broken = ;\n");
    await writeFile(join(folder, "lost.ts"), 'import { x } from "./not-there.ts";\nconsole.log(x);\n');
    for (const [file, shown] of [
      ["broken.ts", "const broken = ;"],
      ["lost.ts", "not-there.ts"],
    ] as const) {
      const error = await import(join(folder, file)).catch((reason: unknown) => reason);
      const { text, code } = refusalOf(error);
      expect(text).toContain(shown);
      expect(text).toContain(file);
      expect(code).toBe(1);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
