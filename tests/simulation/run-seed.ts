/** One seed from beginning to end: everything that it needs is built here, run (phases.ts), and judged. */

import { createSimulatedServer, type SimulatedServer } from "./database.ts";
import { drawFaultProfile } from "./fault-profile.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { type Actor, createLoop, type Loop } from "./loop.ts";
import { createOperator } from "./operator.ts";
import { runPhases } from "./phases.ts";
import { createRequests } from "./requests.ts";
import { streamOf } from "./seed.ts";
import type { SimulationServer } from "./server.ts";
import { idsInText, tellStory } from "./story.ts";
import { createTrace, type Detail, type Trace } from "./trace.ts";
import { createWaiting, type LockCounts, noLocks } from "./waiting.ts";
import type { Scenario, Workload } from "./workload.ts";

export interface SeedResult {
  readonly seed: number;
  readonly digest: string;
  readonly violations: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly locks: Readonly<LockCounts>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly virtualMs: number;
  /** From the last fault until all had ended. */
  readonly calmMs: number;
  /** The last lines, or all, as was asked for. */
  readonly lines: readonly string[];
  /** Empty unless it was asked for. */
  readonly story: readonly string[];
}

const START_MS = Date.UTC(2026, 0, 1);

export interface SeedOptions {
  readonly detail: Detail;
  readonly until: Until;
  /** Called with what is known when the seed cannot be brought to its end: this process may hang from here on. */
  readonly onSpin: (result: SeedResult) => void;
}

/** Whether a seed goes on when something is wrong with it already. */
export type Until = "end" | "first violation";

/** Runs one seed of the workload on the server; the server is reset first and left quiet. */
export async function runSeed<Api>(
  server: SimulationServer,
  workload: Workload<Api>,
  seed: number,
  { detail, until, onSpin }: SeedOptions,
): Promise<SeedResult> {
  await server.reset();
  const elapsedMs = () => loop.now() - START_MS;
  const trace = createTrace(detail, elapsedMs);
  const faultRandom = streamOf(seed, "faults");
  const faults = createFaults(faultRandom, drawFaultProfile(faultRandom), elapsedMs);
  trace.line(`seed ${seed} ${workload.name} ${JSON.stringify(faults.profile)}`);
  const violations: string[] = [];
  const violation = (text: string) => {
    if (violations.includes(text)) return;
    trace.line(`VIOLATION ${text}`);
    trace.tell(() => ({ about: idsInText(text), text: `VIOLATION: ${text}` }));
    violations.push(text);
  };
  let scenario: Scenario<Api> | undefined;
  const loop: Loop = createLoop({
    random: streamOf(seed, "order"),
    faults,
    trace,
    startMs: START_MS,
    onCrash: (actor, moment) => fleet.crash(actor, moment),
    onWake: (actor) => scenario?.onWake?.(actor),
    onSpin(actor) {
      violation(`${actor.name} goes on and on without waiting for anything`);
      onSpin({ ...soFar(0), outcomes: {}, story: [] });
    },
  });
  const bystander = (name: string) => loop.createActor(name, false, 0);
  const serverActor = bystander("server");
  const clients = bystander("clients");
  const outside = bystander("outside");
  const locks = noLocks();
  const database: SimulatedServer = openServer(
    server,
    { seed, loop, faults, trace, serverActor, locks, violation },
    () => ({
      fleet,
      scenario,
    }),
  );
  const fleet: Fleet<Api> = createFleet({
    seed,
    loop,
    faults,
    trace,
    server: serverActor,
    random: streamOf(seed, "fleet"),
    replicas: workload.replicas,
    databaseOf: database.databaseOf,
  });
  scenario = workload.scenario({
    seed,
    loop,
    faults,
    trace,
    clients,
    scheduler: loop.schedulerOf(clients),
    random: (purpose) => streamOf(seed, purpose),
    listening: fleet.listening,
    outside,
    outsideDatabase: (module) => database.databaseOf(outside, module),
    call: createRequests(loop, fleet, clients),
    inspect: (sql) => server.inspect(sql),
    violation,
  });
  const operator = operatorOf(scenario, { seed, loop, faults, trace, actor: bystander("operator"), database });

  const soFar = (calmMs: number) => ({
    seed,
    digest: trace.digest(),
    violations,
    faults: faults.counts,
    locks,
    steps: loop.steps,
    virtualMs: elapsedMs(),
    calmMs,
    lines: trace.lines,
  });

  let calmMs = 0;
  fleet.begin(scenario);
  operator?.begin();
  try {
    const isLocked = () => operator?.isBusy() === true;
    const isOver = () => until === "first violation" && violations.length > 0;
    const onCalm = () => {
      fleet.scaleAway();
      scenario?.onCalm?.();
    };
    calmMs = await runPhases({ scenario, loop, faults, trace, violation, onCalm, isLocked, isOver });
    if (!isOver() && !isLocked()) for (const text of await scenario.check()) violation(text);
  } finally {
    fleet.end();
    await database.clear();
  }
  const reading = detail === "story" ? await scenario.reading?.(violations) : undefined;
  return {
    ...soFar(calmMs),
    outcomes: await scenario.outcomes(),
    story: reading === undefined ? [] : tellStory(trace.told, reading),
  };
}

interface Parts {
  readonly seed: number;
  readonly loop: Loop;
  readonly faults: Faults;
  readonly trace: Trace;
}

/** `late`: what is built after the server. */
function openServer<Api>(
  { backends }: SimulationServer,
  parts: Parts & {
    readonly serverActor: Actor;
    readonly locks: LockCounts;
    readonly violation: (text: string) => void;
  },
  late: () => { readonly fleet: Fleet<Api>; readonly scenario: Scenario<Api> | undefined },
): SimulatedServer {
  const { seed, loop, faults, trace, serverActor, locks, violation } = parts;
  const { statementTimeoutMs } = faults.profile;
  const waiting = createWaiting({
    backends,
    loop,
    trace,
    server: serverActor,
    random: streamOf(seed, "deadlocks"),
    lockTimeoutMs: statementTimeoutMs / 2,
    counts: locks,
  });
  return createSimulatedServer({
    backends,
    waiting,
    loop,
    faults,
    trace,
    server: serverActor,
    idleInTransactionMs: statementTimeoutMs,
    poolWaitMs: Math.ceil(statementTimeoutMs * 1.2) + 300,
    counts: locks,
    onBrokenStatement: (error, statement) =>
      violation(`a statement can never work: ${error.sqlState} ${error.message}: ${statement.text}`),
    onAnswered: (owner, module, statement, outcome) => late().scenario?.onAnswered?.(owner, module, statement, outcome),
    onLateRollback(owner, lingeredMs) {
      const { fleet, scenario } = late();
      if (fleet.isReplaced(owner)) faults.count("zombieOutlivedRestart");
      if (lingeredMs > (scenario?.leaseMs ?? Number.POSITIVE_INFINITY)) faults.count("zombieOutlivedLease");
    },
  });
}

function operatorOf<Api>(
  { operatorLocks }: Scenario<Api>,
  { seed, loop, faults, trace, actor, database }: Parts & { readonly actor: Actor; readonly database: SimulatedServer },
) {
  if (operatorLocks === undefined) return undefined;
  return createOperator({
    faults,
    trace,
    random: streamOf(seed, "operator"),
    scheduler: loop.schedulerOf(actor),
    open: (module) => database.operatorLink(actor, module),
    locks: operatorLocks,
  });
}
