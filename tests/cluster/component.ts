/**
 * A program of the control plane as a process on loopback, with its output in a file. It ends with `stop()`, and when
 * this process ends in any other way, kill -9 included.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startGuard } from "../provision/guard.ts";

export interface ComponentOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Where its log is written, and where it runs. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves with true once it can be used. */
  readonly isReady: () => Promise<boolean>;
}

export interface Component {
  readonly name: string;
  hasEnded(): boolean;
  /** What it has written so far. */
  log(): Promise<string>;
  /** SIGTERM, then SIGKILL when it takes too long. May be called twice. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** The kernel keeps no more of a program's name. */
const NAME_LENGTH = 15;

/** Starts it and waits until it is ready. Throws with the end of its log when it does not become so. */
export async function startComponent(options: ComponentOptions): Promise<Component> {
  const { name, program, args, directory, env, isReady } = options;
  const file = join(directory, `${name}.log`);
  // Added to: one that is started again goes on in its log.
  const output = openSync(file, "a");
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, ...env },
    stdio: ["ignore", output, output],
    // A session of its own: Ctrl-C in the terminal reaches us, and we end it.
    detached: true,
  });
  closeSync(output);
  const exited = new Promise<void>((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", reject);
  });
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  const guard = startGuard('stop "$1" "$2"', String(child.pid), name.slice(0, NAME_LENGTH));
  const component: Component = {
    name,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    log: () => readFile(file, "utf8"),
    async stop() {
      if (!component.hasEnded()) child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(late);
      await guard.release();
    },
  };
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (component.hasEnded() || performance.now() > deadline) {
      await component.stop();
      throw new Error(`${name} did not start:\n${(await component.log()).slice(-3_000)}`);
    }
    await Bun.sleep(50);
  }
  return component;
}

/** Whether something answers `url` with 200. */
export async function answersWell(url: string, request: BunFetchRequestInit = {}): Promise<boolean> {
  try {
    return (await fetch(url, { ...request, signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
