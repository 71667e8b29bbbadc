/**
 * The one entrance: picks the command, loads only what it needs, turns what it throws into one line and an exit code
 * (cli/refusal.ts).
 */
import { registry } from "../modules/registry.ts";
import { refusalOf } from "./cli/refusal.ts";
import type { Module } from "./module.ts";

interface CommandFile {
  run(args: readonly string[], registry: readonly Module[]): Promise<number>;
  readonly help: string;
}

/** Every command by its name. */
export const commands: Readonly<Record<string, { readonly does: string; readonly load: () => Promise<CommandFile> }>> =
  {
    dev: { does: "start everything with demo data", load: () => import("./cli/dev.ts") },
    serve: { does: "run the process as in a pod", load: () => import("./cli/serve.ts") },
    migrate: { does: "bring the databases up to date", load: () => import("./cli/migrate.ts") },
    topics: { does: "make the topics on the brokers", load: () => import("./cli/topics.ts") },
    modules: { does: "write modules.json, contracts, rights, diagrams", load: () => import("./cli/modules.ts") },
    deadletters: { does: "list, show, replay, discard", load: () => import("./cli/deadletters.ts") },
    token: { does: "print a development token", load: () => import("./cli/token.ts") },
    test: { does: "run every test suite", load: () => import("./cli/test.ts") },
    config: { does: "print every setting and where it comes from", load: () => import("./cli/config.ts") },
    psql: { does: "open a shell into a module's database", load: () => import("./cli/psql.ts") },
    check: { does: "types, lint, format, boundaries, contracts", load: () => import("./cli/check.ts") },
    reconcile: { does: "check the invariants over the modules", load: () => import("./cli/reconcile.ts") },
    simulate: { does: "run seeded simulations", load: () => import("../tests/simulation/command.ts") },
    faults: { does: "kill processes under load", load: () => import("./cli/faults.ts") },
    new: { does: "write the files of a module, a command or an event", load: () => import("./cli/new.ts") },
    fuzz: { does: "random requests against the API", load: () => import("./cli/fuzz.ts") },
    verify: { does: "check what surrounds the code, on real tools", load: () => import("./cli/verify.ts") },
    bench: { does: "measure", load: () => import("./cli/bench.ts") },
  };

const usage = () =>
  `genai-demo COMMAND [--help]\n\n${Object.entries(commands)
    .map(([name, { does }]) => `  ${name.padEnd(11)} ${does}`)
    .join("\n")}`;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help") {
    console.log(usage());
    return 0;
  }
  const command = name === undefined ? undefined : commands[name];
  if (!command) {
    console.error(name === undefined ? usage() : `no command ${name}\n\n${usage()}`);
    return 2;
  }
  const file = await command.load();
  if (args.includes("--help")) {
    console.log(file.help);
    return 0;
  }
  return file.run(args, registry);
}

if (import.meta.main) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => {
      const { text, code } = refusalOf(error);
      console.error(text);
      process.exit(code);
    },
  );
}
