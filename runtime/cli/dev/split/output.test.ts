import { expect, test } from "bun:test";
import { createOutput } from "./output.ts";

const written = (coloured: boolean) => {
  const lines: string[] = [];
  const output = createOutput({ names: ["order", "notification"], coloured, write: (line) => lines.push(line) });
  output("order", "one");
  output("notification", "");
  output("order", "two");
  return lines;
};

test("each line is after the name of whose it is, in one column", () => {
  expect(written(false)).toEqual(["order        │ one", "notification │ ", "order        │ two"]);
});

test("each name has a colour of its own", () => {
  const colours = written(true).map((line) => line.split("m")[0]);
  expect(colours[0]).toStartWith("\x1b[");
  expect(colours[2]).toBe(colours[0] ?? "");
  expect(colours[1]).not.toBe(colours[0] ?? "");
  expect(written(true)[0]).toEndWith("\x1b[0m one");
});
