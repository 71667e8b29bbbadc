import { expect, test } from "bun:test";
import { run } from "./bench.ts";
import { allHold, atLeast, atMost, figureReport, figureTable, stated } from "./figures.ts";

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

test("bad arguments are refused before anything is started", async () => {
  expect(await run([])).toBe(2);
  expect(await run(["reads"])).toBe(2);
  expect(await run(["orders", "--seconds", "0"])).toBe(2);
  expect(await run(["orders", "--rounds", "2.5"])).toBe(2);
  expect(await run(["orders", "--fast"])).toBe(2);
});
