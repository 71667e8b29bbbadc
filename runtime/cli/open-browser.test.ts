import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBrowser } from "./open-browser.ts";

const folder = mkdtempSync(join(tmpdir(), "genai-demo-browser-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function opener(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return path;
}

async function told(find: () => string | null): Promise<readonly string[]> {
  const lines: string[] = [];
  await openBrowser("http://127.0.0.1:8080", (line) => lines.push(line), find);
  return lines;
}

test("the address goes to what opens a browser here, and nothing is said", async () => {
  const opened = join(folder, "opened");
  expect(await told(() => opener("works", `printf %s "$1" > '${opened}'`))).toEqual([]);
  expect(readFileSync(opened, "utf8")).toBe("http://127.0.0.1:8080");
});

test("where there is none, or it finds no browser, the address is told", async () => {
  const [none = ""] = await told(() => null);
  expect(none).toEndWith("open http://127.0.0.1:8080 yourself");
  const [failed = ""] = await told(() => opener("fails", "exit 3"));
  expect(failed).toContain("exit code 3");
  expect(failed).toEndWith("open http://127.0.0.1:8080 yourself");
  expect(existsSync(join(folder, "fails"))).toBe(true);
});
