import { expect, test } from "bun:test";
import { flagsOf, UsageError, wholeNumber, wordsAndFlagsOf } from "./arguments.ts";

const KNOWN = { json: "string", all: "boolean", group: "strings" } as const;

test("flags are text or true, words are told apart", () => {
  expect({ ...flagsOf(["--json=-", "--all"], KNOWN) }).toEqual({ json: "-", all: true });
  expect(wordsAndFlagsOf(["show", "x"], KNOWN).words).toEqual(["show", "x"]);
});

test("a flag that may be given several times is all that was given, in order", () => {
  expect(flagsOf(["--group", "b,c", "--all", "--group=a"], KNOWN).group).toEqual(["b,c", "a"]);
  expect(flagsOf([], KNOWN).group).toBeUndefined();
});

test.each([
  [["--nonsense"], "There is no flag --nonsense (see --help)"],
  [["--nonsense=3"], "There is no flag --nonsense (see --help)"],
  [["-x"], "There is no flag -x (see --help)"],
  [["--json"], "The flag --json needs a value; one that begins with - is written --json=VALUE (see --help)"],
  [["--json", "--all"], "The flag --json needs a value; one that begins with - is written --json=VALUE (see --help)"],
  [["--all=3"], "The flag --all takes no value (see --help)"],
  [["stray"], "Unexpected argument 'stray'. This command takes flags only"],
])("%p is refused in one line that names the flag", (args, line) => {
  expect(() => flagsOf(args, KNOWN)).toThrow(new UsageError(line));
});

test("a whole number is taken within its bounds, and preset when it is not given", () => {
  const bounds = { preset: 10, least: 0, most: 200 };
  expect(wholeNumber("rounds", undefined, bounds)).toBe(10);
  expect(wholeNumber("rounds", "0", bounds)).toBe(0);
  expect(wholeNumber("rounds", "200", bounds)).toBe(200);
  for (const given of ["-1", "201", "2.5", "many", "", " "])
    expect(() => wholeNumber("rounds", given, bounds)).toThrow(
      new UsageError(`--rounds takes a whole number from 0 to 200, not ${given}`),
    );
});
