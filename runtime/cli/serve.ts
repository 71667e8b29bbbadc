import type { Module } from "../module.ts";
import { flagsOf } from "./arguments.ts";
import { platformFlags, runPlatform } from "./run-platform.ts";

export const help = `serve: run the process itself, as in a pod. No demo data, no database of its own.

  DATABASE_URL=postgres://user:password@host:5432/db bun run serve --modules all --port 8080

  --modules all|LIST     modules of this process (MODULES)
  --port N               public port (PORT, 8080)
  --internal-port N      rpc, metrics, health (INTERNAL_PORT, PORT + 1)
  --host ADDRESS         address to listen on (HOST, 0.0.0.0)

Run \`migrate\` first. Exit code 0 after a clean stop, 1 when it could not start or had to cut something short.`;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const flags = flagsOf(args, platformFlags);
  const log = (line: string) => console.log(line);
  return runPlatform({
    registry,
    mode: "serve",
    flags,
    log,
    ready: (url) => log(JSON.stringify({ event: "ready", url })),
  });
}
