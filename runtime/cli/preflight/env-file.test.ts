import { expect, test } from "bun:test";
import { envFileFault } from "./env-file.ts";

test.each([
  ["nothing", ""],
  ["comments and empty lines", "# one\n\n   # two\r\n"],
  ["values", "A=1\nexport B = 2\n  C=3 # three\nD=\nE: 5\nF=it's\r\nG=a\"b\n"],
  ["quoted values", 'A="1" # one\nB=\'2\'\nC=`3`\nD="a \\" b"\nE="a#b"\n'],
  ["a value of several lines", 'A="one\ntwo = 2\n"\nB=2\n'],
  ["a byte order mark", "\uFEFFA=1\n"],
])("%s: no fault", (_what, text) => {
  expect(envFileFault(text)).toBeNull();
});

test.each([
  ["A=1\nB 2\n", "line 2 is not NAME=value"],
  ["=1\n", "line 1 is not NAME=value"],
  ['A=1\n\nC="secret\nD=4\n', 'line 3 begins a value with " and nothing ends it'],
  ["A='one' two\n", "line 1 has more after its closing '"],
  ['A="one\ntwo" three\n', 'line 2 has more after its closing "'],
  ["\uFFFDA\0=\0", "is not UTF-8 text"],
])("%j: a fault that names the line and not the value", (text, fault) => {
  expect(envFileFault(text)).toStartWith(fault);
  expect(envFileFault(text)).not.toContain("secret");
});
