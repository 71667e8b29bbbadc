/** Names for what `new` writes, and which of them cannot be had. */
import { UsageError } from "../arguments.ts";

/** One thing's name in the spellings of the files. */
export interface Spelling {
  /** `AddPoints` */
  readonly type: string;
  /** `addPoints` */
  readonly value: string;
  /** `add-points`: of files and paths */
  readonly path: string;
}

const WORDS_OF_TYPESCRIPT = [
  ..."await break case catch class const continue debugger default delete do else enum export extends false finally".split(
    " ",
  ),
  ..."for function if implements import in instanceof interface let new null package private protected public".split(
    " ",
  ),
  ..."return static super switch this throw true try typeof undefined var void while with yield".split(" "),
];

/** What the files of a module call by such a name already, or import. */
const TAKEN = [
  ..."all answer answered call change close command commands contract contracts core edge fixture index initial instance".split(
    " ",
  ),
  ..."message messages migrations module modules open ops present refused route routes runtime schemas shown store test".split(
    " ",
  ),
  ..."tells topics transitions".split(" "),
];

/** A module's name; a `UsageError` says what is wrong with another one. */
export function moduleName(given: string | undefined): string {
  if (given === undefined) throw new UsageError("new module needs a name: bun run new module loyalty");
  if (!/^[a-z][a-z0-9]{1,30}$/.test(given))
    throw new UsageError(`${given} cannot name a module: use one lower-case word of a-z and 0-9, such as loyalty`);
  refuseTaken(given, given);
  return given;
}

/** A command's or an event's name, with its module: `loyalty.AddPoints`, or `loyalty AddPoints`. */
export function nameInModule(kind: "command" | "event", words: readonly string[]) {
  const example = kind === "command" ? "loyalty.AddPoints" : "loyalty.PointsAdded";
  const [module = "", name = "", ...others] = words.flatMap((word) => word.split("."));
  if (module === "" || name === "" || others.length > 0)
    throw new UsageError(`new ${kind} needs a module and a name: bun run new ${kind} ${example}`);
  if (!/^[A-Z][A-Za-z0-9]{2,39}$/.test(name))
    throw new UsageError(
      `${name} cannot name ${kind === "command" ? "a command" : "an event"}: use words that begin with capital letters, as in ${example}`,
    );
  const spelling = spellingOf(name);
  refuseTaken(spelling.value, name);
  if (spelling.value === module)
    throw new UsageError(`${name} is what ${module} itself is called: choose another name, as in ${example}`);
  return { module, ...spelling };
}

export function spellingOf(name: string): Spelling {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  const value = name.charAt(0).toLowerCase() + name.slice(1);
  return { type, value, path: value.replaceAll(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`) };
}

function refuseTaken(value: string, given: string): void {
  if (WORDS_OF_TYPESCRIPT.includes(value))
    throw new UsageError(`${given} cannot be had: ${value} is a word of TypeScript. Choose another name`);
  if (TAKEN.includes(value))
    throw new UsageError(
      `${given} cannot be had: the files of a module use ${value} for something else. Choose another name`,
    );
}
