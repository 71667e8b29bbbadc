/**
 * The application under the supervisor of `dev`: it loads its code, waits for the word to start, and ends when it is
 * told to. When the supervisor is gone without a word (kill -9), it ends by itself within moments; what was
 * acknowledged is committed, and the next start goes on from there.
 */
import type { Module } from "../../module.ts";
import type { StopLimits } from "../../platform.ts";
import { systemScheduler as scheduler } from "../../scheduler.ts";
import { openOutput, openPlatformLog } from "../process-log.ts";
import { loadConfigHere, type PlatformFlags, runPlatform } from "../run-platform.ts";
import { Instruction, type Report } from "./protocol.ts";

/** The database of a supervisor that is gone goes as well, so an orderly end could take long. */
const ORPHAN_LIMIT_MS = 500;

/** Does its work until `stopped` resolves; says `ready` with its URL. Resolves with the exit code. */
type Work = (told: {
  readonly ready: (url: string) => void;
  readonly stopped: () => Promise<StopLimits>;
}) => Promise<number>;

/** Runs the platform at the supervisor's word; resolves with the exit code. */
export const runSupervisedPlatform = (registry: readonly Module[], flags: PlatformFlags): Promise<number> =>
  runSupervised(async (told) => {
    const { config } = await loadConfigHere(registry, "dev", flags);
    const log = openPlatformLog(openOutput(process.stderr), config);
    return runPlatform({ registry, config, local: true, log, ...told });
  });

/**
 * Does the work at the supervisor's word, with what that gives it in its environment. With `outlivesSignals` it ends at
 * that word alone: a signal for the whole group is for those first that it is there for.
 */
export async function runSupervised(work: Work, { outlivesSignals = false } = {}): Promise<number> {
  const tell = (report: Report) => process.send?.(report);
  const start = Promise.withResolvers<Readonly<Record<string, string>>>();
  const stop = Promise.withResolvers<StopLimits>();
  process.on("message", (message: unknown) => {
    const instruction = Instruction.parse(message);
    if (instruction.kind === "start") return start.resolve(instruction.environment);
    stop.resolve(
      instruction.requestsDeadlineMs === undefined ? {} : { requestsDeadlineMs: instruction.requestsDeadlineMs },
    );
  });
  process.on("disconnect", () => {
    stop.resolve({ requestsDeadlineMs: 0 });
    scheduler.after(ORPHAN_LIMIT_MS, () => process.exit(1));
  });
  // A terminal sends Ctrl-C to every process in the foreground; the supervisor says when to end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => outlivesSignals || stop.resolve({}));

  tell({ kind: "loaded" });
  Object.assign(process.env, await start.promise);
  return work({ ready: (url) => tell({ kind: "ready", url }), stopped: () => stop.promise });
}
