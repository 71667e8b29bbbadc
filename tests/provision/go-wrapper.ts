/**
 * A module that requires one other and nothing else, at exactly the versions that the other one was released with: its
 * go.mod and go.sum are the other's, under another name. Where the other replaces a module by a folder of its own
 * repository, which no proxy has, the wrapper names the version that this folder was published as.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface WrappedModule {
  readonly path: string;
  readonly version: string;
  /** What modules that it replaces by folders of its own were published as; absent: as what it requires. */
  readonly foldersVersion?: string;
  readonly packages: readonly { readonly path: string; readonly program: string }[];
  /** Variables that the linker sets. */
  readonly linkerValues?: readonly (readonly [name: string, value: string])[];
}

/** Writes go.mod and go.sum into `directory`; `files` is where the wrapped module was downloaded to. */
export async function writeWrapper(module: WrappedModule, files: string, directory: string): Promise<void> {
  await writeFile(join(directory, "go.mod"), wrapperOf(module, await readFile(join(files, "go.mod"), "utf8")));
  await writeFile(join(directory, "go.sum"), await readFile(join(files, "go.sum"), "utf8"));
}

/** The wrapper's go.mod, made of the wrapped one's. */
export function wrapperOf({ path, version, foldersVersion }: WrappedModule, goMod: string): string {
  const lines = goMod.split("\n").flatMap((line) => {
    if (line.startsWith("module ")) return ["module wrapper"];
    const replaced = /^(?<keyword>replace )?\s*(?<name>\S+)(?: v\S+)? => \.{1,2}\//.exec(line)?.groups;
    if (replaced === undefined) return [line];
    const { keyword = "", name = "" } = replaced;
    return foldersVersion === undefined ? [] : [`${keyword}${name} => ${name} ${foldersVersion}`];
  });
  return `${lines.join("\n")}\nrequire ${path} ${version}\n`;
}
