/**
 * The one entrance: picks the command, loads only what it needs, turns what it throws into one line and an exit code
 * (cli/refusal.ts). The executable without a command is local dev; so it is with flags alone.
 */
import { describeBuild } from "./build-info.ts";
import { checkoutCommands } from "./cli/checkout-commands.ts";
import type { Commands } from "./cli/command.ts";
import { programCommands } from "./cli/program-commands.ts";
import { refusalOf } from "./cli/refusal.ts";
import { usage } from "./cli/usage.ts";
import { hasArchive } from "./database/embedded/archive.ts";
import { asTyped } from "./program.ts";

/** Every command by its name. */
export const commands: Commands = {
  ...programCommands,
  // An executable has none of them.
  ...checkoutCommands,
};

async function main(given: readonly string[]): Promise<number> {
  const [first] = given;
  if (first === "--help" || first === "-h" || first === "help") {
    console.log(usage(commands));
    return 0;
  }
  if (first === "--version") {
    console.log(describeBuild());
    return 0;
  }
  const isBare = first === undefined || first.startsWith("-");
  const [name, ...args] = isBare && hasArchive() ? ["dev", ...given] : given;
  const command = name === undefined ? undefined : commands[name];
  if (!command) {
    console.error(name === undefined ? usage(commands) : `There is no command ${name}.\n\n${usage(commands)}`);
    return 2;
  }
  const file = await command.load();
  if (args.includes("--help")) {
    console.log(asTyped(file.help));
    return 0;
  }
  // Only now: help and version need none of it. And so all of the product is loaded in one way, on demand: where a part of
  // it stood beside this file in the bundle, Bun left out the start of some of what that imports.
  const { registry } = await import("../modules/registry.ts");
  return file.run(args, registry);
}

if (import.meta.main) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => {
      const { text, code } = refusalOf(error);
      console.error(asTyped(text));
      process.exit(code);
    },
  );
}
