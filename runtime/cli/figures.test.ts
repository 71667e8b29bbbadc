import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run as simulate } from "../../tests/simulation/command.ts";
import { UsageError } from "./arguments.ts";
import { run } from "./bench.ts";
import { run as faults } from "./faults.ts";
import {
  allHold,
  atLeast,
  atMost,
  checkFiguresFile,
  figureReport,
  figureTable,
  stated,
  writeFigures,
} from "./figures.ts";
import { run as reconcile } from "./reconcile.ts";

test("a figure is judged on its exact value and shown with four digits", () => {
  expect(atLeast("a", 3.99996, "x", 4)).toEqual({ name: "a", value: 4, unit: "x", wanted: ">= 4", holds: false });
  expect(atLeast("a", 4, "x", 4).holds).toBe(true);
  expect(atMost("b", 0.8, "ms", 0.8).holds).toBe(true);
  expect(atMost("b", Number.NaN, "ms", 0.8).holds).toBe(false);
});

test("a report holds when every bounded figure does", () => {
  const report = (held: boolean) =>
    figureReport("bench orders", 0, [atLeast("x", held ? 5 : 3, "x", 4), stated("y", 1, "ms")], ["why"]);
  expect(allHold(report(true))).toBe(true);
  expect(allHold(report(false))).toBe(false);
  expect(report(true).startedAt).toBe("1970-01-01T00:00:00.000Z");
  expect(report(true).machine.cores).toBeGreaterThan(0);
  expect(figureTable(report(false))).toContain("wanted >= 4: DOES NOT HOLD");
  expect(figureTable(report(false))).toContain("note: why");
});

describe("--json FILE", () => {
  const folder = mkdtempSync(join(tmpdir(), "genai-demo-figures-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const nowhere = join(folder, "missing", "figures.json");

  test("takes the report, also in the place of an earlier one", () => {
    const file = join(folder, "figures.json");
    for (const value of [1, 2]) {
      checkFiguresFile(file);
      writeFigures(file, { value });
      expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ value });
    }
  });

  test.each([
    ["a directory", folder, `--json ${folder}: give a file, not a directory`],
    ["nothing", "", "--json : give a file, not a directory"],
    [
      "in no directory",
      nowhere,
      `--json ${nowhere} cannot be written (there is no directory ${folder}/missing): give another file`,
    ],
    [
      "a file for a directory",
      `${import.meta.path}/x`,
      `--json ${import.meta.path}/x cannot be written (ENOTDIR): give another file`,
    ],
  ])("that is %s is refused in one line, and nothing is made", (_what, file, said) => {
    expect(() => checkFiguresFile(file)).toThrow(new UsageError(said));
    expect(() => writeFigures(file, {})).toThrow(UsageError);
    expect(existsSync(join(folder, "missing"))).toBe(false);
  });

  test.each([
    ["bench", () => run(["orders", "--json", nowhere])],
    ["faults", () => faults(["--json", nowhere])],
    ["reconcile", () => reconcile(["--token", "t", "--url", "http://127.0.0.1:1", "--json", nowhere])],
    ["simulate", () => simulate(["--json", nowhere])],
  ])("%s refuses it before its work", async (_name, command) => {
    const error = await command().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(`there is no directory ${folder}/missing`);
  });
});
