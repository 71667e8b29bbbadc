/**
 * A text that cannot be printed by chance: as a text, as JSON and to whoever inspects it, it is `[redacted]`. Whoever
 * needs it says so by `open()`, at the place where it is used, and hands on what it opened to nobody who may print it.
 */
export interface Secret {
  open(): string;
}

export const REDACTED = "[redacted]";

/** Asked by `console.log` and whatever else inspects values. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

export function secret(text: string): Secret {
  const redacted = () => REDACTED;
  const shown = { toString: redacted, toJSON: redacted, [Symbol.toPrimitive]: redacted, [INSPECT]: redacted };
  return Object.freeze({ ...shown, open: () => text });
}

/** Whether a value of a setting is one. */
export const isSecret = (value: unknown): value is Secret =>
  typeof value === "object" && value !== null && INSPECT in value && "open" in value;
