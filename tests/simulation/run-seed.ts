/**
 * One seed from beginning to end: a safety phase in which clients work and everything may fail, then a liveness phase
 * in which all faults have stopped and everything that was begun must end.
 */

import { createSimulatedServer, type SimulatedServer } from "./database.ts";
import { createFaults, drawFaultProfile, type Faults } from "./faults.ts";
import { type Actor, createLoop, type Loop } from "./loop.ts";
import { between, streamOf } from "./seed.ts";
import type { SimulationServer } from "./server.ts";
import { createTrace, type Trace } from "./trace.ts";
import { createWaiting } from "./waiting.ts";
import { type Scenario, Unreachable, type Workload, type World } from "./workload.ts";

export interface SeedResult {
  readonly seed: number;
  readonly digest: string;
  readonly violations: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly lockWaits: number;
  readonly deadlocks: number;
  readonly virtualMs: number;
  readonly story: readonly string[];
}

export interface RunSeedOptions {
  readonly story: boolean;
}

const START_MS = Date.UTC(2026, 0, 1);
const LOCK_TIMEOUT_MS = 2500;
const IDLE_IN_TRANSACTION_MS = 5000;
const MOST_STEPS = 60_000;
/** How long faults go on after the clients have their answers, at most. */
const AFTER_CLIENTS_MS = 20_000;
const LIVENESS_MS = 15 * 60_000;
const LIVENESS_CHECK_MS = 250;

interface Node<Api> {
  readonly index: number;
  generation: number;
  actor: Actor | undefined;
  api: Api | undefined;
}

/** Runs one seed of the workload on the server; the server is reset first and left quiet. */
export async function runSeed<Api>(
  server: SimulationServer,
  workload: Workload<Api>,
  seed: number,
  options: RunSeedOptions,
): Promise<SeedResult> {
  await server.reset();
  const trace = createTrace(options.story);
  const faultRandom = streamOf(seed, "faults");
  const faults = createFaults(faultRandom, drawFaultProfile(faultRandom));
  trace.line(`seed ${seed} ${workload.name} ${JSON.stringify(faults.profile)}`);
  const violations: string[] = [];
  const nodes: Node<Api>[] = Array.from({ length: workload.replicas }, (_, index) => ({
    index,
    generation: 0,
    actor: undefined,
    api: undefined,
  }));
  let scenario: Scenario<Api> | undefined;
  const loop = createLoop({
    random: streamOf(seed, "order"),
    faults,
    trace,
    startMs: START_MS,
    onCrash: (actor) => crash(actor),
    externalError: (label) => scenario?.externalError?.(label),
  });
  const serverActor = loop.createActor("server", false, 0);
  const clients = loop.createActor("clients", false, 0);
  const violation = (text: string) => {
    trace.line(`VIOLATION ${text}`);
    violations.push(text);
  };
  const locks = { waits: 0, deadlocks: 0 };
  const database = openSimulatedServer(server, loop, faults, trace, serverActor, seed, locks, violation);
  const world = createWorld(seed, loop, faults, trace, clients, nodes, server, violation);
  scenario = workload.scenario(world);

  function crash(actor: Actor) {
    const node = nodes.find((candidate) => candidate.actor === actor);
    if (node === undefined) throw new Error(`${actor.name} cannot crash`);
    trace.line(`CRASH ${actor.name}`);
    node.actor = undefined;
    node.api = undefined;
    loop.kill(actor);
    loop.after(serverActor, faults.durationMs(faults.profile.restartMs), () => start(node));
  }

  function start(node: Node<Api>) {
    node.generation += 1;
    const skewMs =
      faults.profile.skewMs === 0 ? 0 : between(faultRandom, -faults.profile.skewMs, faults.profile.skewMs);
    const name = `node${node.index}.${node.generation}`;
    const actor = loop.createActor(name, true, skewMs);
    node.actor = actor;
    trace.line(`START ${name}`);
    const context = {
      index: node.index,
      generation: node.generation,
      actor,
      clock: loop.clockOf(actor),
      random: streamOf(seed, name),
      scheduler: loop.schedulerOf(actor),
      database: (module: string) => database.databaseOf(actor, module),
    };
    scenario?.start(context).then(
      (api) => {
        if (actor.alive) node.api = api;
      },
      (error: unknown) => {
        trace.line(`START of ${name} failed: ${String(error)}`);
        if (actor.alive) crash(actor);
      },
    );
  }

  for (const node of nodes) start(node);
  try {
    await runPhases(scenario, loop, faults, trace, violation);
    for (const text of await scenario.check()) violation(text);
  } finally {
    for (const node of nodes) if (node.actor !== undefined) loop.kill(node.actor);
    await database.clear();
  }
  return {
    seed,
    digest: trace.digest(),
    violations,
    faults: faults.counts,
    outcomes: await scenario.outcomes(),
    steps: loop.steps,
    lockWaits: locks.waits,
    deadlocks: locks.deadlocks,
    virtualMs: loop.now() - START_MS,
    story: trace.story,
  };
}

async function runPhases<Api>(
  scenario: Scenario<Api>,
  loop: Loop,
  faults: Faults,
  trace: Trace,
  violation: (text: string) => void,
) {
  const driven = await runClients(scenario, loop);
  if (driven !== null) return violation(driven);
  const faultsMs = faults.durationMs(AFTER_CLIENTS_MS);
  await runUntilSettled(scenario, loop, loop.now() + faultsMs);
  trace.line(`${loop.now()} LIVENESS`);
  faults.stop();
  const stuck = await runUntilSettled(scenario, loop, loop.now() + LIVENESS_MS);
  if (stuck !== null) violation(`after the last fault: ${stuck}`);
}

/** Until all clients have their answers; why not, or null. */
async function runClients<Api>(scenario: Scenario<Api>, loop: Loop): Promise<string | null> {
  let driven = false;
  let failure: string | null = null;
  scenario.drive().then(
    () => {
      driven = true;
    },
    (error: unknown) => {
      driven = true;
      failure = `a client failed: ${String(error)}`;
    },
  );
  while (!driven) {
    if (loop.steps > MOST_STEPS) return `the clients had no answers after ${MOST_STEPS} steps`;
    if (!(await loop.step()) && !driven) return "the clients wait for an answer, but nothing is left that could happen";
  }
  return failure;
}

/** Until everything that was begun has ended; why not, or null. */
async function runUntilSettled<Api>(scenario: Scenario<Api>, loop: Loop, untilMs: number): Promise<string | null> {
  const untilSteps = loop.steps + MOST_STEPS;
  while (!(await scenario.settled())) {
    if (loop.now() > untilMs) return "not settled in time";
    const checkAtMs = loop.now() + LIVENESS_CHECK_MS;
    while (loop.now() < checkAtMs) {
      if (loop.steps > untilSteps) return `not settled after ${MOST_STEPS} steps`;
      if (!(await loop.step())) return "not settled, but nothing is left that could happen";
    }
  }
  return null;
}

function openSimulatedServer(
  server: SimulationServer,
  loop: Loop,
  faults: Faults,
  trace: Trace,
  serverActor: Actor,
  seed: number,
  locks: { waits: number; deadlocks: number },
  violation: (text: string) => void,
): SimulatedServer {
  const { backends } = server;
  const waiting = createWaiting({
    backends,
    loop,
    trace,
    server: serverActor,
    random: streamOf(seed, "deadlocks"),
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    onWait: () => {
      locks.waits += 1;
    },
    onDeadlock: () => {
      locks.deadlocks += 1;
    },
  });
  return createSimulatedServer({
    backends,
    waiting,
    loop,
    faults,
    trace,
    server: serverActor,
    idleInTransactionMs: IDLE_IN_TRANSACTION_MS,
    onBrokenStatement: (error, statement) =>
      violation(`a statement can never work: ${error.sqlState} ${error.message}: ${statement.text}`),
  });
}

function createWorld<Api>(
  seed: number,
  loop: Loop,
  faults: Faults,
  trace: Trace,
  clients: Actor,
  nodes: readonly Node<Api>[],
  server: SimulationServer,
  violation: (text: string) => void,
): World<Api> {
  /** Hands an answer to the clients in the seed's order; a crash may still come between. */
  const answer = (label: string, victim: Actor | undefined, settle: () => void) =>
    loop.submit({
      actor: clients,
      ...(victim === undefined ? {} : { victim }),
      label,
      commits: victim !== undefined,
      perform: async () => settle,
    });
  return {
    seed,
    loop,
    faults,
    trace,
    clients,
    scheduler: loop.schedulerOf(clients),
    random: (purpose) => streamOf(seed, purpose),
    inspect: (sql) => server.inspect(sql),
    violation,
    call: <T>(label: string, index: number, request: (api: Api) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const node = nodes[index];
        const { actor, api } = node ?? {};
        let answered = false;
        const end = (settle: () => void) => () => {
          answered = true;
          settle();
        };
        const lost = () => {
          if (!answered) answer(`no answer: ${label}`, undefined, () => reject(new Unreachable(label)));
        };
        if (actor === undefined || api === undefined) return lost();
        actor.onDeath.push(lost);
        const deliver = async () => () => {
          request(api).then(
            (value) =>
              answer(
                `answer: ${label}`,
                actor,
                end(() => resolve(value)),
              ),
            (error: unknown) =>
              answer(
                `refusal: ${label}`,
                actor,
                end(() => reject(error)),
              ),
          );
        };
        loop.submit({ actor, label: `request: ${label}`, commits: false, perform: deliver });
      }),
  };
}
