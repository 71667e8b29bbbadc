/** `completion SHELL`: what makes a shell complete the executable's commands, flags and their values. */
import type { Module } from "../module.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import type { ProgramCommandFile, ProgramCommands } from "./command.ts";
import { bashScript } from "./completion/bash.ts";
import { type Command, describeCommands } from "./completion/describe.ts";
import { fishScript } from "./completion/fish.ts";
import { zshScript } from "./completion/zsh.ts";

const SHELLS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const help = `completion bash|zsh|fish: print what makes that shell complete genai-demo (and genai-demo-server).

  bun run completion bash

In bash, for now and for each new shell:

  source <(genai-demo completion bash)
  genai-demo completion bash > ~/.local/share/bash-completion/completions/genai-demo

In zsh and fish:

  genai-demo completion zsh > "\${fpath[1]}/_genai-demo"
  genai-demo completion fish > ~/.config/fish/completions/genai-demo.fish

It is made from the commands of this build: print it again after an upgrade.`;

/** The command, over the commands that it is to complete. */
export const completionOf = (commands: ProgramCommands): ProgramCommandFile => ({
  help,
  flags: {},
  words: () => Object.keys(SHELLS),
  async run(args, registry: readonly Module[]) {
    const { words } = wordsAndFlagsOf(args, {});
    const script = words.length === 1 ? SHELLS[words[0] ?? ""] : undefined;
    if (script === undefined)
      throw new UsageError(
        `completion: name one shell, ${Object.keys(SHELLS).join(", ")}, not ${words.join(" ") || "none"}`,
      );
    process.stdout.write(script(await describeCommands(commands, registry)));
    return 0;
  },
});
