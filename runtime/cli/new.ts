/** `new`: writes the files of a module, a command or an event, which hold what `check` asks of them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Glob } from "bun";
import type { Module } from "../module.ts";
import { collectionsOf } from "../registry.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import { commandEdits, commandFiles, requestSchema } from "./new/command-files.ts";
import { type Edit, edited } from "./new/edit.ts";
import { eventEdits, eventFiles } from "./new/event-files.ts";
import { moduleFiles } from "./new/module-files.ts";
import { moduleName, nameInModule, spellingOf } from "./new/names.ts";
import { type Files, openStage, type Stage } from "./new/stage.ts";

export const help = `Usage: genai-demo new module NAME
       genai-demo new command MODULE.NAME
       genai-demo new event MODULE.NAME [--by COMMAND]

module   modules/NAME/ with its declaration, contract, rules, table, migration, routes and tests, and its line in
         modules/registry.ts. It can be opened, read and closed over HTTP by an operator.
command  a request that changes what a module of this kind holds: its schema in contract.ts, its decision, its route
         POST /api/v1/MODULE/{id}/NAME, its test. It is recorded with its reason; write what else it does into it.
event    what a module tells others: its schema in contract.ts, and its test

  --by COMMAND  the command that tells the event (the one that was added last)

A module's NAME is one lower-case word; those of commands and events begin with a capital letter, and may stand behind
MODULE as a word of their own. Generated files (modules.json, schemas, diagrams) are brought up to date. What is there
is never overwritten, and nothing is written when something is wrong. Exit code 0 when all is written, 2 when it cannot
be.

Examples:
  bun run new module loyalty
  bun run new command loyalty.AddPoints
  bun run new event loyalty.PointsAdded --by AddPoints`;

const ROOT = join(import.meta.dir, "..", "..");
const REGISTRY = "modules/registry.ts";
const BIOME = "node_modules/@biomejs/biome/bin/biome";

/** What is to be written, before the formatter and the generators have seen it. */
interface Plan {
  readonly files: Files;
  readonly edits: readonly Edit[];
  /** A schema whose migration is to be generated. */
  readonly tables?: { readonly schema: string; readonly migrations: string };
}

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { flags, words } = wordsAndFlagsOf(args, { by: "string" });
  const plan = await planOf(words, flags.by, registry);
  for (const path of Object.keys(plan.files))
    if (existsSync(join(ROOT, path))) throw new UsageError(`${path} is there already: choose another name`);
  const stage = await openStage(ROOT);
  try {
    await carryOut(plan, stage);
    for (const path of await stage.takeOver()) console.log(`wrote ${path}`);
  } finally {
    await stage.remove();
  }
  console.log("next: bun run check");
  return 0;
}

async function carryOut({ files, edits, tables }: Plan, stage: Stage): Promise<void> {
  await stage.write(files);
  for (const edit of edits) await stage.write({ [edit.path]: edited(await stage.read(edit.path), edit) });
  const paths = [...new Set([...Object.keys(files), ...edits.map(({ path }) => path)])];
  await stage.run([BIOME, "check", "--write", "--error-on-warnings", ...paths]);
  if (tables) {
    const { schema, migrations } = tables;
    const flags = ["--dialect", "postgresql", "--schema", schema, "--out", migrations, "--name", "initial"];
    await stage.run(["node_modules/drizzle-kit/bin.cjs", "generate", ...flags]);
  }
  await stage.run(["runtime/main.ts", "modules"]);
}

function planOf(
  [kind, ...words]: readonly string[],
  by: string | undefined,
  registry: readonly Module[],
): Promise<Plan> {
  if (by !== undefined && kind !== "event") throw new UsageError("--by is for an event: bun run new event MODULE.NAME");
  switch (kind) {
    case "module":
      return newModule(words, registry);
    case "command":
      return newCommand(words, registry);
    case "event":
      return newEvent(words, by, registry);
    default:
      throw new UsageError(`new makes a module, a command or an event, not ${kind ?? "nothing"} (see new --help)`);
  }
}

async function newModule([given, ...others]: readonly string[], registry: readonly Module[]): Promise<Plan> {
  const name = moduleName(given);
  if (others.length > 0) throw new UsageError(`new module takes one name, not ${others.join(" ")} as well`);
  if (registry.some((module) => module.name === name) || existsSync(join(ROOT, "modules", name)))
    throw new UsageError(`there is a module ${name} already: choose another name`);
  const owner = registry.find((module) => collectionsOf(module).includes(name));
  if (owner) throw new UsageError(`/api/v1/${name} is answered by ${owner.name} already: choose another name`);
  const files = moduleFiles(name);
  const close = { module: name, ...spellingOf("Close") };
  return {
    files,
    edits: [
      requestSchema(close),
      { path: REGISTRY, after: /^import [^;]*;\n/m, insert: `import { ${name} } from "./${name}/index.ts";\n` },
      { path: REGISTRY, after: /const registry: readonly Module\[\] = \[[^\]]*(?=\])/, insert: `, ${name}` },
    ],
    tables: { schema: `modules/${name}/store.ts`, migrations: `modules/${name}/migrations` },
  };
}

async function newCommand(words: readonly string[], registry: readonly Module[]): Promise<Plan> {
  const command = nameInModule("command", words);
  await refuseKnown(command.module, command.type, registry);
  await extensible(command.module);
  return { files: commandFiles(command), edits: commandEdits(command) };
}

async function newEvent(words: readonly string[], by: string | undefined, registry: readonly Module[]): Promise<Plan> {
  const event = nameInModule("event", words);
  await refuseKnown(event.module, event.type, registry);
  const commands = await extensible(event.module);
  const teller = by === undefined ? commands.at(-1) : spellingOf(by).path;
  if (teller === undefined || !commands.includes(teller))
    throw new UsageError(
      `${event.module} has no command ${by}: make it first, bun run new command ${event.module}.${by}`,
    );
  const spoken = teller.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const told = { ...event, by: spellingOf(spoken.join("")) };
  return { files: eventFiles(told), edits: eventEdits(told) };
}

/** The commands of a module that `new module` has written: the paths of those that have a route, the newest last. */
async function extensible(module: string): Promise<readonly string[]> {
  const routes = await readFile(join(ROOT, "modules", module, "routes.ts"), "utf8").catch(() => "");
  const values = [...routes.matchAll(/\.\.\.commandRoute\((\w+)\.name\)/g)].flatMap(([, value]) => value ?? []);
  if (values.length > 0) return values.map((value) => spellingOf(value).path);
  throw new UsageError(
    `${module} has grown another plan than \`new module\` gives, so \`new\` cannot extend it: write it by hand, in the manner of its neighbours`,
  );
}

/** The module must be there, and nothing of this name in it. */
async function refuseKnown(module: string, name: string, registry: readonly Module[]): Promise<void> {
  if (!registry.some((known) => known.name === module))
    throw new UsageError(
      `there is no module ${module}; there are ${registry.map((known) => known.name).join(", ")}. A new one: bun run new module ${module}`,
    );
  const folder = join(ROOT, "modules", module);
  for await (const path of new Glob("*.ts").scan({ cwd: folder })) {
    const text = await readFile(join(folder, path), "utf8");
    if (new RegExp(`\\b(?:type|interface|const|function) ${name}\\b|^ +${name}: z\\.`, "m").test(text))
      throw new UsageError(`modules/${module}/${path} has a ${name} already: choose another name`);
  }
}
