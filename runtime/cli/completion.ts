import type { ProgramCommandFile, ProgramCommands } from "./command.ts";
export const completionOf = (commands: ProgramCommands): ProgramCommandFile => ({
  help: "completion bash",
  flags: {},
  run: async () => Object.keys(commands).length,
});
