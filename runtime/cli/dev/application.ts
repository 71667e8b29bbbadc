/** The application as the supervisor's child: it loads its code at once and starts when it is told to. */
import { join } from "node:path";
import { build } from "../../build-info.ts";
import type { Scheduler } from "../../scheduler.ts";
import type { PlatformFlags } from "../run-platform.ts";
import { forEachLine } from "./lines.ts";
import { SUPERVISED_FLAG } from "./orphans.ts";
import { type Instruction, Report } from "./protocol.ts";

export interface Application {
  readonly pid: number;
  /** Resolves with the URL of its public port. */
  readonly ready: Promise<string>;
  readonly ended: Promise<Ending>;
  /** Starts it as soon as its code is loaded. */
  start(environment: Readonly<Record<string, string>>): void;
  /** Ends it in order where it runs, at once where it is still starting; by force after `killAfterMs`. */
  stop(limits: { readonly requestsDeadlineMs?: number; readonly killAfterMs: number }): Promise<Ending>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | number | null;
}

interface ApplicationSettings {
  /** The command line after this program. */
  readonly command: readonly string[];
  readonly scheduler: Scheduler;
  /** Takes each of its lines; they come out on this process's outputs when it is left out. */
  readonly line?: (line: string) => void;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line of a supervised application, in a checkout or in an executable. */
export function supervisedCommand(root: string, flags: PlatformFlags): string[] {
  const main = join(root, "runtime", "main.ts");
  const given = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [value === true ? `--${name}` : `--${name}=${value}`],
  );
  return [...(build === null ? [main] : []), "dev", SUPERVISED_FLAG, ...given];
}

/** Spawns it. */
export function spawnApplication({ command, scheduler, line, env }: ApplicationSettings): Application {
  const ready = Promise.withResolvers<string>();
  const loaded = Promise.withResolvers<void>();
  let isReady = false;
  const child = Bun.spawn([process.execPath, ...command], {
    stdio: line === undefined ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ipc(message) {
      const report = Report.parse(message);
      if (report.kind === "loaded") return loaded.resolve();
      isReady = true;
      ready.resolve(report.url);
    },
  });
  const tell = (instruction: Instruction) => {
    try {
      child.send(instruction);
    } catch (error) {
      // It has just ended, or hung up and so is about to: `ended` tells.
      if (!(error instanceof Error && "code" in error && error.code === "ERR_IPC_CHANNEL_CLOSED")) throw error;
    }
  };
  const outputs = [child.stdout, child.stderr].filter((output) => output !== undefined);
  const said = Promise.all(outputs.map((output) => forEachLine(output, line ?? (() => undefined))));
  const ended = Promise.all([child.exited, said]).then(() => ({ code: child.exitCode, signal: child.signalCode }));
  return {
    pid: child.pid,
    ready: ready.promise,
    ended,
    start: (environment) => void loaded.promise.then(() => tell({ kind: "start", environment })),
    async stop({ killAfterMs, ...limits }) {
      if (isReady) tell({ kind: "stop", ...limits });
      else child.kill("SIGKILL");
      const cancel = scheduler.after(killAfterMs, () => child.kill("SIGKILL"));
      const ending = await ended;
      cancel();
      return ending;
    },
  };
}
