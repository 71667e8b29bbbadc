import { parseArgs } from "node:util";

/** A command line that cannot be understood; the message says what to write. Exit code 2. */
export class UsageError extends Error {}

/** Flags of a command by their names. `strings`: it may be given several times. */
export type FlagTypes = Readonly<Record<string, "string" | "strings" | "boolean">>;

interface Values {
  readonly string: string;
  readonly strings: readonly string[];
  readonly boolean: boolean;
}

/** What was given of the known flags. */
type Given<Flags extends FlagTypes> = { readonly [Name in keyof Flags]?: Values[Flags[Name]] };

/** Flags of a command as text, texts or true; unknown flags and stray words are a `UsageError`. */
export function flagsOf<Flags extends FlagTypes>(args: readonly string[], known: Flags): Given<Flags> {
  const { flags, words } = wordsAndFlagsOf(args, known);
  if (words.length > 0) throw new UsageError(`Unexpected argument '${words[0]}'. This command takes flags only`);
  return flags;
}

/** The same for a command that takes words as well. */
export function wordsAndFlagsOf<Flags extends FlagTypes>(args: readonly string[], known: Flags) {
  try {
    const options = Object.fromEntries(
      Object.entries(known).map(([name, type]) => [
        name,
        type === "strings" ? ({ type: "string", multiple: true } as const) : { type },
      ]),
    );
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean" } },
      strict: true,
      allowPositionals: true,
    });
    // Each is of the type that it is declared with.
    return { flags: values as Given<Flags>, words: positionals };
  } catch (error) {
    throw new UsageError(`${parseFault(error)} (see --help)`);
  }
}

/** A flag's whole number from `least` to `most`, `preset` when it was not given; anything else is a `UsageError`. */
export function wholeNumber(
  flag: string,
  given: string | undefined,
  { preset, least = 1, most }: { readonly preset: number; readonly least?: number; readonly most: number },
): number {
  if (given === undefined) return preset;
  const value = Number(given);
  if (given.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`--${flag} takes a whole number from ${least} to ${most}, not ${given}`);
}

/** What `parseArgs` refused, in one line; anything else that was thrown as its own message. */
function parseFault(error: unknown): string {
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
