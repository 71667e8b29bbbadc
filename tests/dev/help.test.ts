/** Every command says how it is called, and its examples are lines that it understands. */
import { expect, spyOn, test } from "bun:test";
import { registry } from "../../modules/registry.ts";
import { UsageError } from "../../runtime/cli/arguments.ts";
import { commands } from "../../runtime/main.ts";
import { runCommand } from "../journeys/process.ts";

/** A flag that no command has: parsed after all others, so it is the one that is refused when they are understood. */
const UNKNOWN = "--no-such-flag";

const names = Object.keys(commands);

function loaded(name: string) {
  const command = commands[name];
  if (command === undefined) throw new Error(`there is no command ${name}`);
  return command.load();
}

/** The command lines of a text that begin with `bun run`, wherever in a line they do, without settings before them. */
const examplesIn = (text: string, command: string) =>
  [...text.matchAll(new RegExp(`bun run (?:--silent )?${command}\\b(?:"[^"]*"|'[^']*'|[^\\n)\`"'])*`, "g"))].map(
    ([line]) => line.trim(),
  );

/** A line's words after the command, as a shell would split them. */
const wordsOf = (line: string, command: string) =>
  [...line.slice(line.indexOf(command) + command.length).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );

/** What the command says of the example's flags and one that it cannot know; nothing of it is carried out. */
async function refusalOf(command: string, words: readonly string[]): Promise<string> {
  const separator = words.indexOf("--");
  const end = separator === -1 ? words.length : separator;
  const asked = [...words.slice(0, end), UNKNOWN, ...words.slice(end)];
  // It takes its process over: all that is written there becomes lines of its log.
  if (command === "serve") return (await runCommand([command, ...asked])).stdout;
  const said = spyOn(process.stderr, "write").mockImplementation(() => true);
  try {
    const file = await loaded(command);
    const code = await file.run(asked, registry);
    return `${code}: ${said.mock.calls.flat().join("")}`;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  } finally {
    said.mockRestore();
  }
}

test.each(names)("%s --help has an example, and each of its examples is understood", async (name) => {
  const { help } = await loaded(name);
  const examples = examplesIn(help, name);
  expect(examples).not.toBeEmpty();
  for (const example of examples) expect(await refusalOf(name, wordsOf(example, name))).toContain(`no flag ${UNKNOWN}`);
});

test("deadletters shows an example of each of its actions", async () => {
  const { help } = await loaded("deadletters");
  const actions = examplesIn(help, "deadletters").map((line) => wordsOf(line, "deadletters")[0]);
  expect(actions).toEqual(["list", "show", "replay", "discard"]);
});

test("an example with a flag that the command does not have is found", async () => {
  expect(await refusalOf("token", wordsOf("bun run token --roll customer", "token"))).toContain("no flag --roll");
  expect(await refusalOf("serve", wordsOf("bun run serve --modulse all", "serve"))).toContain("no flag --modulse");
});

test("every command is told of in README.md, in a line of its table or elsewhere", async () => {
  const readme = await Bun.file(`${import.meta.dir}/../../README.md`).text();
  expect(names.filter((name) => !readme.includes(`run ${name}`))).toEqual([]);
});
