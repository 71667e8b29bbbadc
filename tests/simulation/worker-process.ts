import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { SeedResult, Until } from "./run-seed.ts";
import type { Detail } from "./trace.ts";
import type { WorkerMessage, WorkerSettings } from "./worker.ts";

/** A worker seen from outside. */
export interface WorkerProcess {
  /** Runs one seed; rejects when the worker cannot go on, and must then be stopped. */
  run(seed: number, detail: Detail, until?: Until): Promise<SeedResult>;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 60_000;
const SEED_LIMIT_MS = 180_000;
const TASKSET = "/usr/bin/taskset";

/** Starts a worker, pinned to a core with its server where the machine can do that. */
export async function startWorker(settings: WorkerSettings, core: number): Promise<WorkerProcess> {
  const command = [process.execPath, join(import.meta.dir, "worker.ts"), JSON.stringify(settings)];
  let expect: ((message: WorkerMessage) => void) | null = null;
  let fail: ((error: Error) => void) | null = null;
  const child = Bun.spawn({
    cmd: existsSync(TASKSET) ? [TASKSET, "-c", String(core % availableParallelism()), ...command] : command,
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: WorkerMessage) => expect?.(message),
    onExit: (_child, status) => fail?.(new Error(`a worker of the simulation ended by itself (${status})`)),
  });

  const answer = (limitMs: number): Promise<WorkerMessage> =>
    new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no answer from a worker within ${limitMs} ms`)), limitMs);
      expect = (message) => {
        clearTimeout(limit);
        resolve(message);
      };
      fail = (error) => {
        clearTimeout(limit);
        reject(error);
      };
    });

  const stop = async () => {
    fail = null;
    if (child.exitCode === null) child.disconnect();
    await Promise.race([child.exited, Bun.sleep(10_000)]);
    if (child.exitCode === null) child.kill("SIGKILL");
  };

  const first = await answer(START_LIMIT_MS);
  if (first.kind === "failed") {
    await stop();
    throw new Error(first.error);
  }
  return {
    stop,
    async run(seed, detail, until = "end") {
      if (child.exitCode !== null) throw new Error(`a worker of the simulation has ended (${child.exitCode})`);
      const waiting = answer(SEED_LIMIT_MS);
      child.send({ seed, detail, until });
      const message = await waiting;
      if (message.kind === "result") return message.result;
      throw new Error(message.kind === "failed" ? message.error : "a worker answered out of turn");
    },
  };
}
