/** `verify WHAT`: the offline checks of what surrounds the code, on real tools. */
import { systemClock } from "../clock.ts";
import { UsageError, wordsAndFlagsOf } from "./arguments.ts";
import { atLeast, atMost, checkFiguresFile, figureReport, writeFigures } from "./figures.ts";

export const help = `Usage: genai-demo verify telemetry [--if-built] [--json FILE]

telemetry: lints the configurations of the collector and of Fluent Bit (k8s/), asks a real OpenTelemetry collector whether
it takes the first of them, and runs it: six processes on Kafka, PostgreSQL and Redis of their own (downloaded once) place
orders and send traces and metrics through it, of which none may be refused or lost. The collector is built once from Go
modules (needs Go 1.24; some three minutes, 30 MB in the cache), with all parts that the configuration names but the AWS
exporters, in whose place it prints: what only AWS can show is in docs/not-verified.md.

  --if-built   lints alone where the collector would have to be built first, and says so
  --json FILE  writes the figures

A line a check. Exit code 0 when every one holds, 1 when one does not, 2 for bad arguments.

Example: bun run verify telemetry --json /tmp/telemetry.json`;

const KNOWN = ["telemetry"];

/** Runs the command; resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const { flags, words } = wordsAndFlagsOf(args, { "if-built": "boolean", json: "string" });
  const [name = "none", ...others] = words;
  if (others.length > 0 || !KNOWN.includes(name))
    throw new UsageError(
      `verify: name what to verify, ${KNOWN.join(", ")}, not ${[name, ...others].join(" ")} (see --help)`,
    );
  checkFiguresFile(flags.json);
  const startedAtMs = systemClock.now();
  const { verifyTelemetry } = await import("../../tests/collector/verify.ts");
  const { passed, failed, counted, orders } = await verifyTelemetry({
    onlyIfBuilt: flags["if-built"] === true,
    progress: (line) => console.log(line),
  });
  const figures =
    counted === null
      ? []
      : [
          atLeast("telemetry.orders", orders, "orders", 1),
          atLeast("telemetry.acceptedSpans", counted.acceptedSpans, "spans", 1),
          atLeast("telemetry.acceptedPoints", counted.acceptedPoints, "metric points", 1),
          atMost("telemetry.refused", counted.refused, "spans and points", 0),
          atMost("telemetry.lost", counted.failed, "spans and points", 0),
        ];
  for (const { name: figure, value, unit } of figures) console.log(`${figure}: ${value} ${unit}`);
  writeFigures(flags.json, figureReport(`verify ${name}`, startedAtMs, figures, []));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
