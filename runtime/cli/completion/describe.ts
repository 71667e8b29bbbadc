/** What there is to complete: the commands with their flags, as data that every shell's script is made from. */
import type { Settings } from "../../config/load.ts";
import { platformSettings } from "../../config/settings.ts";
import { itemSchema } from "../../edge/dead-letter-routes.ts";
import type { Module } from "../../module.ts";
import type { ProgramCommands } from "../command.ts";

/** What a shell offers for a value or a word: one of a list, paths, or nothing. */
export type Values = readonly string[] | "file" | "directory" | "anything";

export interface Flag {
  readonly name: string;
  /** Null: it takes no value. */
  readonly values: Values | null;
}

export interface Command {
  readonly name: string;
  readonly does: string;
  readonly flags: readonly Flag[];
  /** What its first word may be; empty where it takes none that can be known. */
  readonly words: readonly string[];
}

/** What values of flags are, by the flag's name, in whatever command; of all others nothing is known. */
const valuesOf = (registry: readonly Module[]): Readonly<Record<string, Values>> => {
  const modules = registry.map(({ name }) => name);
  const settings: Settings = platformSettings({ modules, mode: "dev", cwd: process.cwd() });
  const words = Object.values(settings).flatMap(({ flag, parser }) =>
    flag !== undefined && parser.words !== undefined ? [[flag, parser.words] as const] : [],
  );
  return {
    ...Object.fromEntries(words),
    data: "directory",
    json: "file",
    group: modules,
    mode: ["dev", "serve", "migrate"],
    module: modules,
    modules: ["all", ...modules],
    parked: itemSchema.shape.reason.options,
    role: ["customer", "operator"],
  };
};

/** Every command with its flags, `--help` included. */
export async function describeCommands(
  commands: ProgramCommands,
  registry: readonly Module[],
): Promise<readonly Command[]> {
  const known = valuesOf(registry);
  return Promise.all(
    Object.entries(commands).map(async ([name, { does, load }]) => {
      const { flags, words } = await load();
      const own = Object.entries(flags).map(
        ([flag, type]): Flag => ({
          name: flag,
          values: type === "boolean" ? null : (known[flag] ?? "anything"),
        }),
      );
      return { name, does, flags: [...own, { name: "help", values: null }], words: words?.(registry) ?? [] };
    }),
  );
}

/** Flags that stand before a command. */
export const PROGRAM_FLAGS = ["help", "version"] as const;

/** The executable that is `dev` without a command, and takes its flags then. */
export const ALONE = "genai-demo";

/** What may stand in place of a command: the program's own flags, and those of `dev` where it can be left out. */
export function flagsAlone(program: string, commands: readonly Command[]): readonly Flag[] {
  const own = PROGRAM_FLAGS.map((name): Flag => ({ name, values: null }));
  const dev = program === ALONE ? (commands.find(({ name }) => name === "dev")?.flags ?? []) : [];
  return [...own, ...dev.filter(({ name }) => name !== "help")];
}

/** The executables by their names. */
export const PROGRAMS = [ALONE, "genai-demo-server"] as const;
