/**
 * Ends a process in order under one hard deadline: readiness off, wait for the balancer, close the ports, then whatever
 * the caller adds (consumers, relays, database and cache, telemetry). A step that fails or overruns never keeps the
 * later ones from their turn; when the deadline has passed the rest is left, which is safe because everything that
 * counts is durable.
 */
import type { Scheduler } from "../scheduler.ts";
import type { Health } from "./health.ts";
import type { RunningServer } from "./server.ts";

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export interface ShutdownReport {
  readonly finished: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: unknown }[];
  /** Steps that the deadline left unfinished. */
  readonly left: readonly string[];
}

/** Runs the steps one after the other; resolves when all are done or the deadline has passed. */
export async function shutDown(
  steps: readonly ShutdownStep[],
  { scheduler, deadlineMs }: { scheduler: Scheduler; deadlineMs: number },
): Promise<ShutdownReport> {
  const finished: string[] = [];
  const failed: { name: string; error: unknown }[] = [];
  let over = false;
  const inOrder = async () => {
    for (const { name, run } of steps) {
      if (over) return;
      try {
        await run();
        finished.push(name);
      } catch (error) {
        failed.push({ name, error });
      }
    }
  };
  await new Promise<void>((resolve) => {
    const cancel = scheduler.after(deadlineMs, () => {
      over = true;
      resolve();
    });
    inOrder().then(() => {
      cancel();
      resolve();
    });
  });
  const ended = new Set([...finished, ...failed.map(({ name }) => name)]);
  return {
    finished: [...finished],
    failed: [...failed],
    left: steps.map(({ name }) => name).filter((name) => !ended.has(name)),
  };
}

/** The first steps of every process: stop being ready, give the balancer time, close the ports. */
export function httpSteps(options: {
  readonly health: Health;
  readonly servers: readonly RunningServer[];
  readonly scheduler: Scheduler;
  readonly readinessDrainMs: number;
  /** Requests that wait for something to happen are to be answered now. */
  readonly endWaits: () => void;
  /** How long requests under way may take to end. */
  readonly requestsDeadlineMs: number;
}): ShutdownStep[] {
  return [
    {
      name: "readiness",
      async run() {
        options.health.drain();
        await options.scheduler.sleep(options.readinessDrainMs);
      },
    },
    {
      name: "http",
      run() {
        options.endWaits();
        return Promise.all(options.servers.map((server) => server.stop(options.requestsDeadlineMs)));
      },
    },
  ];
}
