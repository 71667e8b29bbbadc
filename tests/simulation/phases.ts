/**
 * A seed's two phases. Safety: clients work and everything may fail. Liveness: all faults have stopped, every replica
 * that is wanted comes back, perhaps one leaves for good, and within the scenario's bound all that was begun must end.
 */
import type { Faults } from "./faults.ts";
import type { Loop } from "./loop.ts";
import type { Trace } from "./trace.ts";
import type { Scenario } from "./workload.ts";

export interface Phases<Api> {
  readonly scenario: Scenario<Api>;
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly violation: (text: string) => void;
  /** Called when the faults have stopped. */
  readonly onCalm: () => void;
  /** Nobody may look at the tables now: somebody from outside holds even readers off. */
  readonly isLocked: () => boolean;
  /** Nobody needs to know more of this seed. */
  readonly isOver: () => boolean;
}

const MOST_STEPS = 30_000;
/** How long faults go on after the clients have their answers, at most. */
const AFTER_CLIENTS_MS = 12_000;
const CHECK_EVERY_MS = 500;

/** Runs both; resolves with the virtual time that everything took to end after the last fault. */
export async function runPhases<Api>(phases: Phases<Api>): Promise<number> {
  const { scenario, loop, faults, trace, violation, isOver } = phases;
  const driven = await runClients(phases, scenario.drive());
  if (driven !== null) {
    violation(driven);
    return 0;
  }
  const faultsMs = faults.durationMs(AFTER_CLIENTS_MS);
  await runUntilSettled(phases, loop.now() + faultsMs);
  trace.line(`${loop.now()} LIVENESS`);
  trace.tell(() => ({ about: [], text: "from here on nothing fails any more" }));
  faults.stop();
  phases.onCalm();
  const calmMs = loop.now();
  const stuck = await runUntilSettled(phases, calmMs + scenario.boundMs);
  if (stuck !== null) violation(`after the last fault: ${stuck}`);
  const endedMs = loop.now() - calmMs;
  if (stuck === null && !isOver() && scenario.audit !== undefined) {
    const failure = await runClients(phases, scenario.audit());
    if (failure !== null) violation(failure);
  }
  return endedMs;
}

/** Until all clients have their answers; why not, or null. */
async function runClients<Api>({ loop, isOver }: Phases<Api>, clients: Promise<void>): Promise<string | null> {
  const untilSteps = loop.steps + MOST_STEPS;
  let driven = false;
  let failure: string | null = null;
  clients.then(
    () => {
      driven = true;
    },
    (error: unknown) => {
      driven = true;
      failure = `a client failed: ${String(error)}`;
    },
  );
  while (!driven && !isOver()) {
    if (loop.steps > untilSteps) return `the clients had no answers after ${MOST_STEPS} steps`;
    if (!(await loop.step()) && !driven) return "the clients wait for an answer, but nothing is left that could happen";
  }
  return failure;
}

/** Until everything that was begun has ended; why not, or null. */
async function runUntilSettled<Api>(
  { scenario, loop, isLocked, isOver }: Phases<Api>,
  untilMs: number,
): Promise<string | null> {
  const fromMs = loop.now();
  const untilSteps = loop.steps + MOST_STEPS;
  while (!isOver() && (isLocked() || !(await scenario.settled()))) {
    if (loop.now() > untilMs) return `not everything has ended within ${(untilMs - fromMs) / 1000} s`;
    const checkAtMs = loop.now() + CHECK_EVERY_MS;
    while (loop.now() < checkAtMs && !isOver()) {
      if (loop.steps > untilSteps) return `not everything has ended within ${MOST_STEPS} steps`;
      if (!(await loop.step())) return "not everything has ended, but nothing is left that could happen";
    }
  }
  return null;
}
