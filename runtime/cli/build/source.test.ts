import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../arguments.ts";
import { builtAt, commitOf } from "./source.ts";

const folder = mkdtempSync(join(tmpdir(), "genai-demo-source-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const git = (...args: readonly string[]) => {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
  const { status, stderr } = spawnSync("git", ["-C", folder, ...who, ...args], { encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
};

test("the commit is git's, with a word on what is not committed; none outside of a repository", () => {
  expect(commitOf(folder)).toBeNull();
  git("init", "--quiet");
  writeFileSync(join(folder, "file"), "1");
  git("add", "file");
  git("commit", "--quiet", "-m", "one");
  expect(commitOf(folder)).toMatch(/^[0-9a-f]{40}$/);
  writeFileSync(join(folder, "file"), "2");
  expect(commitOf(folder)).toMatch(/^[0-9a-f]{40}-modified$/);
});

test("the time is now, or what SOURCE_DATE_EPOCH says", () => {
  const clock = { now: () => 1_700_000_000_123 };
  expect(builtAt(clock, undefined)).toBe("2023-11-14T22:13:20.123Z");
  expect(builtAt(clock, "1750000000")).toBe("2025-06-15T15:06:40.000Z");
  expect(() => builtAt(clock, "yesterday")).toThrow(UsageError);
});
