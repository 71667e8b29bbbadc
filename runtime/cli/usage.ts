/** What the program prints of itself as a whole. */
import { hasArchive } from "../database/embedded/archive.ts";
import type { Commands } from "./command.ts";

const ALONE = `
Without a command it is \`dev\`: the whole platform with demo data, on a PostgreSQL of its own, on http://127.0.0.1:8080.

  genai-demo --open
  genai-demo --port 9090 --data ~/genai-demo
  genai-demo token --role customer --sub alice
`;

/** All commands, an example where the program can stand alone, and the exit codes. */
export function usage(commands: Commands): string {
  const lines = Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(11)} ${does}`);
  return `genai-demo COMMAND [--help]

${lines.join("\n")}
${hasArchive() ? ALONE : ""}
--help after a command tells its flags, with examples; --version tells which build this is.

Exit codes: 0 when what the command is for holds, after a stop by Ctrl-C or SIGTERM too; 1 when it does not hold, or could
not be found out; 2 when the command line is not understood; 130 and 143 when a second Ctrl-C or SIGTERM cut a stop short.`;
}
