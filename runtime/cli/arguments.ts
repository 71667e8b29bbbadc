import { parseArgs } from "node:util";

/** A command line that cannot be understood; the message says what to write. Exit code 2. */
export class UsageError extends Error {}

type Known = Readonly<Record<string, "string" | "boolean">>;

/** Flags of a command as text or true; unknown flags and stray words are a `UsageError`. */
export function flagsOf(args: readonly string[], known: Known) {
  const { flags, words } = wordsAndFlagsOf(args, known);
  if (words.length > 0) throw new UsageError(`Unexpected argument '${words[0]}'. This command takes flags only`);
  return flags;
}

/** The same for a command that takes words as well. */
export function wordsAndFlagsOf(args: readonly string[], known: Known) {
  try {
    const options = Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type }]));
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean" } },
      strict: true,
      allowPositionals: true,
    });
    // None is declared `multiple`.
    return { flags: values as Readonly<Record<string, string | boolean | undefined>>, words: positionals };
  } catch (error) {
    throw new UsageError(`${parseFault(error)} (see --help)`);
  }
}

/** What `parseArgs` refused, in one line; anything else that was thrown as its own message. */
export function parseFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  const flag = /'([^' ]+)/.exec(error.message)?.[1];
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `There is no flag ${flag}`;
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE")
    return error.message.includes("does not take")
      ? `The flag ${flag} takes no value`
      : `The flag ${flag} needs a value; one that begins with - is written ${flag}=VALUE`;
  return error.message.replaceAll(/\s+/g, " ");
}
