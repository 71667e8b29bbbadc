/** The commands that need nothing but the program itself: in a checkout and in the executable. */
import type { ProgramCommands } from "./command.ts";

export const programCommands: ProgramCommands = {
  dev: { does: "start everything with demo data", load: () => import("./dev.ts") },
  serve: { does: "run the process as in a pod", load: () => import("./serve.ts") },
  migrate: { does: "bring the databases up to date", load: () => import("./migrate.ts") },
  topics: { does: "make the topics on the brokers", load: () => import("./topics.ts") },
  token: { does: "print a development token", load: () => import("./token.ts") },
  healthcheck: { does: "whether the process here is ready", load: () => import("./healthcheck.ts") },
  smoke: { does: "whether processes answer as they must, before they are used", load: () => import("./smoke.ts") },
  config: { does: "print every setting and where it comes from", load: () => import("./config.ts") },
  psql: { does: "open a shell into a module's database", load: () => import("./psql.ts") },
  reconcile: { does: "check the invariants over the modules", load: () => import("./reconcile.ts") },
  deadletters: { does: "list, show, replay, discard", load: () => import("./deadletters.ts") },
  completion: {
    does: "print what makes a shell complete all this",
    load: async () => (await import("./completion.ts")).completionOf(programCommands),
  },
};
