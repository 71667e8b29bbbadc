import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText, verify } from "../property.fixture.ts";
import { boolean, durationMs, integer, listOf, oneOf, port, text, url } from "./parsers.ts";

const UNITS = { "": 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

test("a whole number in the range is itself, one outside is refused", () => {
  verify(
    fc.property(fc.integer(), fc.integer(), fc.integer(), (value, a, b) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)];
      expect(integer(min, max).parse(String(value))).toBe(value >= min && value <= max ? value : null);
      expect(port.parse(String(value))).toBe(value >= 0 && value <= 65_535 ? value : null);
    }),
  );
});

test("a time is its number times its unit, and refused outside the range", () => {
  verify(
    fc.property(
      fc.nat(),
      fc.constantFrom(...Object.entries(UNITS)),
      fc.nat(),
      fc.nat(),
      (value, [unit, factor], a, b) => {
        const ms = value * factor;
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        expect(durationMs(min, max).parse(`${value}${unit}`)).toBe(ms >= min && ms <= max ? ms : null);
      },
    ),
  );
});

test("names come in the known order, each once; an unknown one refuses the list", () => {
  const known = ["order", "payment", "inventory"];
  const names = fc.array(fc.constantFrom(...known, "nope", ""), { minLength: 1, maxLength: 6 });
  verify(
    fc.property(names, fc.constantFrom(",", " , "), (given, comma) => {
      const expected = given.every((name) => known.includes(name))
        ? known.filter((name) => given.includes(name))
        : null;
      expect(listOf("modules", known).parse(given.join(comma))).toEqual(expected);
    }),
  );
});

test("any text is a value that the setting may have, or null; nothing throws", () => {
  const spoilt = fc
    .tuple(fc.constantFrom("1", "-1", "12ms", "true", "postgres://h/d", "a,b"), anyText)
    .map((pair) => pair.join(""));
  verify(
    fc.property(fc.oneof(anyText, spoilt), (given) => {
      const inRange = (value: number | null) =>
        value === null || (Number.isSafeInteger(value) && value >= 1 && value <= 50);
      expect(inRange(integer(1, 50).parse(given))).toBe(true);
      expect(inRange(durationMs(1, 50).parse(given))).toBe(true);
      expect([true, false, null]).toContain(boolean.parse(given));
      expect([given, null]).toContain(oneOf("a", given).parse(given));
      expect(oneOf("a", "b").parse(`${given}.`)).toBeNull();
      const address = url("postgres").parse(given);
      if (address !== null) expect(new URL(address).protocol).toBe("postgres:");
      const words = text(10).parse(given);
      if (words !== null) expect(words.length <= 10 && !/\p{Cc}/u.test(words)).toBe(true);
      const list = listOf("letters", ["a", "b"]).parse(given);
      if (list !== null) expect(["a", "b", "a,b"]).toContain(list.join());
    }),
    400,
  );
});
