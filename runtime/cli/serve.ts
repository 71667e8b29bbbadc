import { errorText } from "../error-text.ts";
import type { Module } from "../module.ts";
import { flagsOf } from "./arguments.ts";
import { captureForeignOutput } from "./foreign-output.ts";
import { type LogFormat, openOutput, openPlatformLog, openProcessLog, type ProcessLog } from "./process-log.ts";
import { refusalOf } from "./refusal.ts";
import { loadConfigHere, platformFlags, runPlatform } from "./run-platform.ts";

export const help = `serve: run the process itself, as in a pod. No demo data, no database of its own.

  DATABASE_URL=postgres://user:password@host:5432/db bun run serve --modules all --port 8080

  --modules all|LIST     modules of this process (MODULES)
  --port N               public port (PORT, 8080)
  --internal-port N      rpc, metrics, health (INTERNAL_PORT, PORT + 1)
  --host ADDRESS         address to listen on (HOST, 0.0.0.0)
  --log-level L          debug, info (default), warn or error (LOG_LEVEL)
  --log-format F         json, text, or auto (default): text on a terminal, else JSON (LOG_FORMAT)

Run \`migrate\` first. It says everything on stdout, a line an event (docs/logs.md), also why it does not start. Exit code
0 after a clean stop, 1 when it could not start or had to cut something short, 2 for flags that are not understood.`;

export const flags = platformFlags;

/** Runs the process until a stop signal; resolves with the exit code. */
export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const output = openOutput(process.stdout);
  // Until the configuration is read.
  let current: ProcessLog = openProcessLog({ output, format: formatGiven(args), least: "info" });
  captureForeignOutput((stream, text) => current.log("warn", "output.foreign", { stream, text }));
  const fail = (error: unknown) => {
    current.log("error", "process.failed", { error: errorText(error) });
    current.end().finally(() => process.exit(1));
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  try {
    const { config, live, unknown } = await loadConfigHere(registry, "serve", flagsOf(args, flags));
    const log = openPlatformLog(output, config, () => live.current().logLevel);
    current = log;
    if (unknown.length > 0) log.log("warn", "parameters.unknown", { paths: unknown });
    return await runPlatform({ registry, config, live, local: false, log, ready: () => undefined });
  } catch (error) {
    const { text, code } = refusalOf(error);
    current.log("error", "start.refused", { error: text });
    return code;
  } finally {
    await current.end();
  }
}

/** What is asked for, before it is known whether all that is asked for makes sense. */
function formatGiven(args: readonly string[]): LogFormat {
  const flag = /(?:^| )--log-format[= ](\w+)/.exec(args.join(" "))?.[1];
  const given = flag ?? process.env["LOG_FORMAT"];
  return given === "json" || given === "text" ? given : "auto";
}
