import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registry } from "../../modules/registry.ts";
import { bashScript } from "../../runtime/cli/completion/bash.ts";
import { describeCommands } from "../../runtime/cli/completion/describe.ts";
import { fishScript } from "../../runtime/cli/completion/fish.ts";
import { zshScript } from "../../runtime/cli/completion/zsh.ts";
import { programCommands } from "../../runtime/cli/program-commands.ts";

const commands = await describeCommands(programCommands, registry);

const folder = mkdtempSync(join(tmpdir(), "genai-demo-completion-"));
mkdirSync(join(folder, "datafolder"));
writeFileSync(join(folder, "datafile"), "");
writeFileSync(join(folder, "script"), bashScript(commands));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a bash that has the script offers for the words, the last of which is being typed. */
const offered = (...words: readonly string[]) => offeredBy("genai-demo", ...words);

function offeredBy(called: string, ...words: readonly string[]): readonly string[] {
  const program = `
    source ./script
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    compopt() { :; }
    _genai_demo
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, exitCode } = Bun.spawnSync(["bash", "--norc", "-c", program, "bash", called, ...words], {
    cwd: folder,
  });
  expect({ stderr: stderr.toString(), exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return stdout.toString().split("\n").filter(Boolean);
}

test("bash completes commands, and the flags that stand before one", () => {
  expect(offered("")).toEqual([...Object.keys(programCommands), "--help", "--version"]);
  expect(offered("de")).toEqual(["dev", "deadletters"]);
  expect(offered("--v")).toEqual(["--version"]);
});

test("bash completes the flags of `dev` where no command stands, for the executable that is `dev` without one", () => {
  expect(offered("--o")).toEqual(["--open"]);
  expect(offered("--data", "data")).toEqual(["datafolder"]);
  expect(offered("--port", "9090", "--log-l")).toEqual(["--log-level"]);
  expect(offeredBy("/opt/genai-demo", "--log-level", "w")).toEqual(["warn"]);
  expect(offeredBy("genai-demo-server", "--o")).toEqual([]);
});

test("bash completes folders with a space in their name as one word", () => {
  mkdirSync(join(folder, "my demo"));
  expect(offered("dev", "--data", "my")).toEqual(["my demo"]);
  expect(offered("reconcile", "--json", "my")).toEqual(["my demo"]);
});

test("bash completes a command's flags, and words", () => {
  expect(offered("dev", "--o")).toEqual(["--open"]);
  expect(offered("deadletters", "re")).toEqual(["replay"]);
  expect(offered("psql", "pay")).toEqual(["payment", "payment_simulator"]);
  expect(offered("completion", "")).toEqual(["--help", "bash", "zsh", "fish"]);
  expect(offered("dev", "--supervised")).toEqual([]);
});

test("bash completes values: of a list, of folders alone, after = too; of what cannot be known none", () => {
  expect(offered("token", "--role", "")).toEqual(["customer", "operator"]);
  expect(offered("token", "--role", "=", "op")).toEqual(["operator"]);
  expect(offered("token", "--role", "=")).toEqual(["customer", "operator"]);
  expect(offered("serve", "--log-format", "")).toEqual(["auto", "json", "text"]);
  expect(offered("deadletters", "list", "--parked", "be")).toEqual(["behind"]);
  expect(offered("dev", "--data", "data")).toEqual(["datafolder"]);
  expect(offered("reconcile", "--json", "data").toSorted()).toEqual(["datafile", "datafolder"]);
  expect(offered("dev", "--port", "")).toEqual([]);
});

test("a sourced script is what bash asks for both executables", () => {
  const { stdout } = Bun.spawnSync(["bash", "--norc", "-c", "source ./script; complete -p"], { cwd: folder });
  expect(stdout.toString().trim().split("\n").toSorted()).toEqual([
    "complete -F _genai_demo genai-demo",
    "complete -F _genai_demo genai-demo-server",
  ]);
});

test.each([
  ["zsh", zshScript(commands)],
  ["fish", fishScript(commands)],
])("what %s gets names every command, flag and listed value", (shell, script) => {
  const bare = script
    .split("\n")
    .filter((line) => /^ {4}_arguments '--help'|-c genai-demo -n "not /.test(line))
    .join("\n");
  expect(bare).toContain(shell === "zsh" ? "--open" : "-l open");
  for (const { name, flags, words } of commands) {
    const own = script.split("\n").filter((line) => line.includes(` ${name}) `) || line.includes(`from ${name}"`));
    const text = own.join("\n");
    for (const flag of flags) expect(text).toContain(shell === "zsh" ? `--${flag.name}` : `-l ${flag.name}`);
    if (words.length > 0) expect(text).toContain(words.join(" "));
    for (const { values } of flags) if (Array.isArray(values)) expect(text).toContain(values.join(" "));
  }
});
