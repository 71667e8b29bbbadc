/**
 * How properties are checked: from one seed, so that a run repeats on every machine. A failure prints the seed, the path
 * and the smallest counterexample. `PROPERTY_SEED` looks elsewhere, `PROPERTY_TIMES` looks longer.
 */
import fc from "fast-check";

const setting = (name: string, fallback: number) => {
  const value = Number(process.env[name] ?? fallback);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a whole number`);
  return value;
};

const seed = setting("PROPERTY_SEED", 20_260_101);
const times = setting("PROPERTY_TIMES", 1);

const parameters = (runs: number) => ({ seed, numRuns: runs * times });

/** Throws when the property does not hold for one of `runs` draws. */
export const verify = <T>(property: fc.IProperty<T>, runs = 200): void => fc.assert(property, parameters(runs));

/** The same for a property that waits. */
export const verifyAsync = <T>(property: fc.IAsyncProperty<T>, runs = 200): Promise<void> =>
  fc.assert(property, parameters(runs));

const awkward = ['"', "\\", "'", "\0", "\n", "{", "}", ",", "$", "&", "NULL", "\u2028", "\u{1f600}", "訂", "__proto__"];

/** Texts that PostgreSQL's text can hold: quotes, backslashes, braces, astral characters, but no NUL. */
export const storableText = fc
  .string({ unit: fc.oneof(fc.constantFrom(...awkward), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })) })
  .map((text) => text.replaceAll("\0", ""));

/** Any text that JavaScript can hold, NUL and halves of surrogate pairs among it. */
export const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom(...awkward, "\ud800", "\udfff"), fc.integer({ min: 0, max: 0xffff }).map(toUnit)),
});

function toUnit(code: number) {
  return String.fromCharCode(code);
}
