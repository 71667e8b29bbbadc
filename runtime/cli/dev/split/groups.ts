/** Which modules share a process under `dev --split`. */
import { UsageError } from "../../arguments.ts";

export interface Group {
  /** As a person writes it: its modules by commas. */
  readonly name: string;
  readonly modules: readonly string[];
}

/**
 * The groups as they were given, then a process of its own for every other module. A module that is not there, or given
 * twice, is a `UsageError`.
 */
export function groupsOf(given: readonly string[], modules: readonly string[]): readonly Group[] {
  const groups = given.map((text) => text.split(",").map((word) => word.trim()));
  const named = groups.flat();
  for (const [index, name] of named.entries()) {
    if (name === "") throw new UsageError("--group needs modules, by commas: --group order,payment");
    if (!modules.includes(name))
      throw new UsageError(`--group names the module ${name}, which is not there; there are ${modules.join(", ")}`);
    if (named.indexOf(name) !== index)
      throw new UsageError(`--group names the module ${name} twice: each runs in one process`);
  }
  const alone = modules.filter((name) => !named.includes(name)).map((name) => [name]);
  return [...groups, ...alone].map((members) => ({ name: members.join(","), modules: members }));
}
