import { expect, test } from "bun:test";
import { mayColour } from "./terminal.ts";

test("only a terminal is coloured, and not against NO_COLOR", () => {
  expect(mayColour({ isTTY: true }, { TERM: "xterm" })).toBe(true);
  expect(mayColour({ isTTY: false }, {})).toBe(false);
  expect(mayColour({}, {})).toBe(false);
  expect(mayColour({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(mayColour({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  expect(mayColour({ isTTY: true }, { TERM: "dumb" })).toBe(false);
});

test("a pipe that leads to a terminal is coloured by FORCE_COLOR, which NO_COLOR wins over", () => {
  expect(mayColour({}, { FORCE_COLOR: "1" })).toBe(true);
  expect(mayColour({ isTTY: true }, { FORCE_COLOR: "0" })).toBe(false);
  expect(mayColour({}, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
});
