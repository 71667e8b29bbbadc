import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText, verify } from "../property.fixture.ts";
import { preferredWaitMs, WAIT_LIMIT_SECONDS } from "./preferences.ts";

const space = fc.constantFrom("", " ", "  ", "\t");
const seconds = fc.oneof(fc.nat(60), fc.constantFrom(999_999_999));
const wait = fc
  .tuple(fc.constantFrom("wait", "Wait", "WAIT"), space, space, seconds, fc.boolean())
  .map(([name, before, after, value, quoted]) => ({
    text: `${name}${before}=${after}${quoted ? `"${value}"` : value}`,
    waits: value,
  }));
const unreadable = fc
  .constantFrom("wait", "wait=", "wait=x", "wait=-1", "wait=1.5", 'wait="', "wait=9999999999")
  .map((text) => ({ text, waits: 0 }));
const other = fc
  .constantFrom(
    "respond-async",
    "return=minimal",
    'foo="a, wait=7"',
    'foo="\\", wait=7"',
    "waiting=3",
    "await=4",
    "",
    ";",
  )
  .map((text) => ({ text, waits: null }));

test("the first wait counts, at most 25 s, among whatever other preferences", () => {
  verify(
    fc.property(fc.array(fc.tuple(fc.oneof(wait, unreadable, other), space), { maxLength: 5 }), (preferences) => {
      const header = preferences.map(([{ text }, pad]) => `${pad}${text}${pad}`).join(",");
      const first = preferences.find(([{ waits }]) => waits !== null)?.[0].waits ?? 0;
      expect([header, preferredWaitMs(header)]).toEqual([header, Math.min(first, WAIT_LIMIT_SECONDS) * 1000]);
    }),
    500,
  );
});

test("a comma inside quotation marks begins no new preference", () => {
  expect(preferredWaitMs('foo="a, wait=7"')).toBe(0);
  expect(preferredWaitMs('foo="a, wait=7", wait=3')).toBe(3000);
});

test("no header fails a request", () => {
  verify(
    fc.property(fc.oneof(anyText, fc.stringMatching(/^[wait=",; 0-9\\]*$/)), (header) => {
      const ms = preferredWaitMs(header);
      expect(Number.isInteger(ms / 1000) && ms >= 0 && ms <= WAIT_LIMIT_SECONDS * 1000).toBe(true);
    }),
    500,
  );
});
