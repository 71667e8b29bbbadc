import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plugin } from "bun";

/** A planted bug: one replacement in one file of the product, made while the file is loaded. Nothing is written. */
export interface Mutant {
  readonly name: string;
  /** From the root of the checkout. */
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

const ROOT = join(import.meta.dir, "..", "..");

/** The mutant's file with the bug in it. Throws when the place is not found exactly once: the mutant is out of date. */
export function mutate(mutant: Mutant): { readonly path: string; readonly contents: string } {
  const path = join(ROOT, mutant.file);
  const parts = readFileSync(path, "utf8").split(mutant.find);
  if (parts.length !== 2) {
    throw new Error(
      `mutant ${mutant.name}: its text occurs ${parts.length - 1} times in ${mutant.file}, not once: bring it up to date in tests/simulation/planted-bugs/`,
    );
  }
  return { path, contents: parts.join(mutant.replace) };
}

/** Loads the file with the bug from here on. The returned function says whether it has been loaded. */
export function plant(mutant: Mutant): () => boolean {
  const { path, contents } = mutate(mutant);
  let loaded = false;
  const filter = new RegExp(`${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
  plugin({
    name: `mutant ${mutant.name}`,
    setup(build) {
      build.onLoad({ filter }, () => {
        loaded = true;
        return { contents, loader: "ts" };
      });
    },
  });
  return () => loaded;
}
