import { constants } from "node:os";
import { systemClock as clock } from "../clock.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { PlatformGiven } from "../config/platform-config.ts";
import { type LoadedSettings, loadPlatformSettings } from "../config/platform-parameters.ts";
import type { Mode, PlatformConfig } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { type StopLimits, startPlatform } from "../platform.ts";
import { systemRandom } from "../random.ts";
import { systemScheduler as scheduler } from "../scheduler.ts";
import type { PlatformLog } from "./process-log.ts";

const FLAGS = {
  port: "string",
  "internal-port": "string",
  host: "string",
  modules: "string",
  transport: "string",
  "kafka-brokers": "string",
  redis: "string",
  edge: "string",
  "database-url": "string",
  data: "string",
  "log-level": "string",
  "log-format": "string",
} as const;

export const platformFlags = FLAGS;

/** Flags of a command that are settings, as the command line gave them. */
export type PlatformFlags = Readonly<Record<string, string | boolean | undefined>>;

/** What this process is given: its environment, its working directory, the flags. */
export const givenHere = (registry: readonly Module[], mode: Mode, flags: PlatformFlags): PlatformGiven<string> => ({
  modules: registry.map((module) => module.name),
  webhooksFrom: new Map(registry.flatMap(({ name, webhooksFrom }) => (webhooksFrom ? [[name, webhooksFrom]] : []))),
  mode,
  cwd: process.cwd(),
  env: process.env,
  flags,
});

/** Parameter Store of this process; the SDK is loaded when it is called. */
export async function openParametersHere(region: string) {
  const { openParameterStore } = await import("../aws/parameter-store.ts");
  return openParameterStore({ region, clock, scheduler, random: systemRandom() });
}

/** The configuration of this process: its environment, its parameters where PARAMETER_PATH is set, the given flags. */
export const loadConfigHere = (
  registry: readonly Module[],
  mode: Mode,
  flags: PlatformFlags,
): Promise<LoadedSettings> =>
  loadPlatformSettings(givenHere(registry, mode, flags), {
    open: openParametersHere,
    clock,
    scheduler,
    random: systemRandom(),
  });

/** Runs the platform until it is told to stop. Returns the exit code. */
export async function runPlatform(options: {
  readonly registry: readonly Module[];
  readonly config: PlatformConfig<string>;
  /** The same as it changes; it does not when left out. */
  readonly live?: LiveConfig<PlatformConfig<string>>;
  /** As in `PlatformOptions`. */
  readonly local: boolean;
  readonly reset?: boolean;
  readonly log: PlatformLog;
  readonly ready: (url: string) => void;
  /** Resolves when it is to end; asked once it is ready. A stop signal when left out. */
  readonly stopped?: () => Promise<StopLimits>;
}): Promise<number> {
  const { ready, stopped = stopSignal, log, live, ...settings } = options;
  let unwatch: () => void = () => undefined;
  try {
    const current = live && { current: live.current };
    const platform = await startPlatform({ ...settings, ...current, log: log.log, instance: log.instance });
    unwatch = live?.watch(log.log) ?? unwatch;
    // An executable starts with a compiler that is held back: see cli/build/compile.ts.
    Bun.unsafe.setJITPolicy(1);
    ready(platform.url);
    const limits = await stopped();
    return (await platform.stop(limits)) ? 0 : 1;
  } finally {
    unwatch();
    await log.end();
  }
}

/** One Ctrl-C can come twice: from the terminal to everybody, and from `bun run`, which forwards what it got. */
const REPEATED_WITHIN_MS = 1_000;

/** Resolves on the first stop signal. Its repetitions are ignored; a later one ends the process at once. */
export function stopSignal(): Promise<StopLimits> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => {
        const nowMs = performance.now();
        firstAtMs ??= nowMs;
        if (nowMs - firstAtMs > REPEATED_WITHIN_MS) process.exit(128 + constants.signals[signal]);
        resolve({});
      });
  });
}
