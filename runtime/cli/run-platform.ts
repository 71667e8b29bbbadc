import { loadPlatformConfig, type Mode } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { startPlatform } from "../platform.ts";

const FLAGS = {
  port: "string",
  "internal-port": "string",
  host: "string",
  modules: "string",
  transport: "string",
  edge: "string",
  "database-url": "string",
  data: "string",
  "log-level": "string",
} as const;

export const platformFlags = FLAGS;

/** Runs the platform until a stop signal. Returns the exit code. */
export async function runPlatform(options: {
  readonly registry: readonly Module[];
  readonly mode: Mode;
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly ready: (url: string, config: ReturnType<typeof loadPlatformConfig>["config"]) => void;
  readonly log: (line: string) => void;
}): Promise<number> {
  const { config } = loadPlatformConfig({
    modules: options.registry.map((module) => module.name),
    mode: options.mode,
    cwd: process.cwd(),
    env: process.env,
    flags: options.flags,
  });
  const platform = await startPlatform({
    registry: options.registry,
    config,
    local: options.mode !== "serve",
    write: options.log,
  });
  options.ready(platform.url, config);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  return (await platform.stop()) ? 0 : 1;
}
