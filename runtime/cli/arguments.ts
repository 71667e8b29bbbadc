import { parseArgs } from "node:util";

/** A command line that cannot be understood; the message says what to write. Exit code 2. */
export class UsageError extends Error {}

/** Flags of a command as text or true; unknown flags and stray words are a `UsageError`. */
export function flagsOf(args: readonly string[], known: Readonly<Record<string, "string" | "boolean">>) {
  try {
    const options = Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type }]));
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" } }, strict: true });
    return values as Readonly<Record<string, string | boolean | undefined>>; // none is declared `multiple`
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
