/** `fuzz`: random requests against the API, judged by the document that it publishes; what came of it as figures. */
import { systemClock } from "../clock.ts";
import { flagsOf, UsageError, wholeNumber } from "./arguments.ts";
import { allHold, checkFiguresFile, figureReport, figureTable, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo fuzz [--minutes N | --requests N] [--seed N] [--stateful] [--url URL --token T] [--json FILE]

Sends random requests, right ones and wrong ones, to a platform of its own on an embedded PostgreSQL, and judges every
answer by /openapi.json: no 5xx, no status or media type that is not documented, every body as its schema says. Two parts:
walks of our own, random sequences of real calls as customers, operators and providers, after which every order must end
and reconcile must find nothing; and schemathesis (from the Python package index, downloaded once; needs Python 3.11).

  --minutes N   how long it sends requests (5)
  --requests N  how many it sends, instead
  --seed N      repeats what was drawn (the time of day)
  --stateful    only the walks: needs no Python
  --url URL     a platform that runs already; it is left full of what was sent to it
  --token T     an operator's or a customer's for it; give it twice for both
  --json FILE   writes the figures

Each finding is printed with a command that sends its request again; put a token of yours into TOKEN. Exit code 0 when
nothing was found, 1 when something was, 2 for bad arguments.

Example: bun run fuzz --requests 20000 --json /tmp/fuzz.json`;

const DEFAULT_MINUTES = 5;
const MOST_MINUTES = 24 * 60;
const MOST_REQUESTS = 100_000_000;

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const flags = flagsOf(args, {
    minutes: "string",
    requests: "string",
    seed: "string",
    stateful: "boolean",
    url: "string",
    token: "strings",
    json: "string",
  });
  if (flags.minutes !== undefined && flags.requests !== undefined)
    throw new UsageError("fuzz: give --minutes or --requests, not both");
  const { token: tokens = [], url } = flags;
  if ((url === undefined) !== (tokens.length === 0)) throw new UsageError("fuzz: give --url and --token together");
  const startedAtMs = systemClock.now();
  const seed = wholeNumber("seed", flags.seed, { preset: Math.floor(startedAtMs / 1000) % 2 ** 31, most: 2 ** 31 });
  const minutes = wholeNumber("minutes", flags.minutes, { preset: DEFAULT_MINUTES, most: MOST_MINUTES });
  const requests = wholeNumber("requests", flags.requests, { preset: MOST_REQUESTS, most: MOST_REQUESTS });
  checkFiguresFile(flags.json);
  const [{ givenArena, startArena }, { measureFuzz }, { findingText }, tool] = await Promise.all([
    import("../../tests/fuzz/arena.ts"),
    import("../../tests/fuzz/figures.ts"),
    import("../../tests/fuzz/finding.ts"),
    flags.stateful ? null : schemathesisHere(),
  ]);
  const arena = url === undefined ? await startArena() : givenArena(url, tokens);
  try {
    console.log(`fuzz: seed ${seed}, ${arena.url}`);
    const milliseconds = flags.requests === undefined ? minutes * 60_000 : Number.POSITIVE_INFINITY;
    const { figures, notes, findings } = await measureFuzz({
      arena,
      seed,
      tool,
      budget: { milliseconds, requests },
      progress: (line) => console.log(line),
    });
    for (const finding of findings) console.log(findingText(finding));
    const report = figureReport("fuzz", startedAtMs, figures, notes);
    console.log(`\n${figureTable(report)}`);
    writeFigures(flags.json, report);
    return allHold(report) ? 0 : 1;
  } finally {
    await arena.stop();
  }
}

async function schemathesisHere() {
  const [{ provisionSchemathesis }, { MissingTool }] = await Promise.all([
    import("../../tests/provision/schemathesis.ts"),
    import("../../tests/provision/missing.ts"),
  ]);
  return provisionSchemathesis().catch((error: unknown) => {
    if (error instanceof MissingTool) throw new UsageError(`${error.message}; or run fuzz --stateful`);
    throw error;
  });
}
