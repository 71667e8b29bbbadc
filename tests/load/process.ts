/** A child process that answers over HTTP: started, waited for, ended in order, and never left behind. */
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { startGuard } from "../provision/guard.ts";

const STOP_TIMEOUT_MS = 20_000;

export interface ServingProcess {
  readonly pid: number;
  /** SIGTERM, then SIGKILL when it does not end; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ServingOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets both outputs. */
  readonly logFile: string;
  /** Is polled until it answers 200. */
  readonly readyUrl: string;
  readonly readyTimeoutMs: number;
}

/** Starts the process and waits until it is ready; a process that fails before is reported with the end of its log. */
export async function startServing(options: ServingOptions): Promise<ServingProcess> {
  const log = openSync(options.logFile, "a");
  const child = Bun.spawn([...options.argv], {
    cwd: options.cwd,
    env: { ...options.env },
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  const program = options.argv[0]?.split("/").at(-1) ?? "";
  const guard = startGuard('stop "$1" "$2"', String(child.pid), program);
  let stopping: Promise<number | null> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await child.exited;
      clearTimeout(force);
      await guard.release();
      return child.exitCode;
    })();
    return stopping;
  };
  const deadline = Date.now() + options.readyTimeoutMs;
  while (!(await answers(options.readyUrl))) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      await Bun.sleep(50);
      continue;
    }
    const how =
      child.exitCode === null ? `was not ready in ${options.readyTimeoutMs} ms` : `ended with code ${child.exitCode}`;
    await stop();
    const tail = (await readFile(options.logFile, "utf8")).slice(-4000);
    throw new Error(`${options.argv.join(" ")} ${how}:\n${tail}`);
  }
  return { pid: child.pid, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1000) })).status === 200;
  } catch {
    return false;
  }
}
