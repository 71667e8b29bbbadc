/** `modules`: writes what others than this code need to know of the modules. */
import { join } from "node:path";
import type { Module } from "../module.ts";
import { checkRegistry } from "../registry.ts";
import { flagsOf } from "./arguments.ts";
import { brokenContracts, changedFiles } from "./contract-files.ts";

export const help = `Usage: genai-demo modules

Writes modules.json (modules, topics, paths, who may ask whom), modules/NAME/schemas/VERSION.json (what may travel on
each topic of a module, at the version of package.json), docs/rights.md (who may call which route) and docs/metrics.md
(what is measured) from the modules' declarations, and the diagrams in docs/. Commit them.
Writes nothing, and says which field, when a change would break a version that has a file: all of them count as released.
A file goes when no process runs its version and none of its messages is left.
Exit code 0 when the files hold what the modules declare.

Example: bun run modules`;

const ROOT = join(import.meta.dir, "..", "..");

/** Runs the command in the checkout at `root`; resolves with its exit code. */
export async function run(args: readonly string[], registry: readonly Module[], root = ROOT): Promise<number> {
  flagsOf(args, {});
  checkRegistry(registry);
  const broken = await brokenContracts(root, registry);
  for (const line of broken) console.log(line);
  if (broken.length > 0) {
    console.log(`nothing was written: ${broken.length} changes that released versions do not understand`);
    return 1;
  }
  const changed = await changedFiles(root, registry);
  for (const { path, text } of changed) {
    await Bun.write(join(root, path), text);
    console.log(`wrote ${path}`);
  }
  if (changed.length === 0) console.log("all files are current");
  return 0;
}
