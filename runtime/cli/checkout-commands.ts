/** The commands that work on the source or with the tests' tools: in a checkout only. `build` leaves them out. */
import type { Commands } from "./command.ts";

export const checkoutCommands: Commands = {
  test: { does: "run every test suite", load: () => import("./test.ts") },
  check: { does: "types, lint, format, boundaries, contracts", load: () => import("./check.ts") },
  build: { does: "make the executables", load: () => import("./build.ts") },
  release: { does: "make what is handed out", load: () => import("./release.ts") },
  modules: { does: "write modules.json, contracts, rights, diagrams", load: () => import("./modules.ts") },
  new: { does: "write the files of a module, a command or an event", load: () => import("./new.ts") },
  simulate: { does: "run seeded simulations", load: () => import("../../tests/simulation/command.ts") },
  faults: { does: "kill processes under load", load: () => import("./faults.ts") },
  fuzz: { does: "random requests against the API", load: () => import("./fuzz.ts") },
  verify: { does: "check what surrounds the code, on real tools", load: () => import("./verify.ts") },
  cost: { does: "what each environment costs a month", load: () => import("./cost.ts") },
  bench: { does: "measure", load: () => import("./bench.ts") },
};
