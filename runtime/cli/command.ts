/** What a command is to the entrance, and to the completion of shells. */
import type { Module } from "../module.ts";
import type { FlagTypes } from "./arguments.ts";

export interface CommandFile {
  run(args: readonly string[], registry: readonly Module[]): Promise<number>;
  readonly help: string;
}

/** One that is in the executable as well: a shell can complete it. */
export interface ProgramCommandFile extends CommandFile {
  readonly flags: FlagTypes;
  /** What its first word may be, where that is one of a list. */
  readonly words?: (registry: readonly Module[]) => readonly string[];
}

/** Commands by their names, each with what it does in a few words. */
export type Commands<File extends CommandFile = CommandFile> = Readonly<
  Record<string, { readonly does: string; readonly load: () => Promise<File> }>
>;

export type ProgramCommands = Commands<ProgramCommandFile>;
