/** The processes of one life of a node: all of the modules in one, or some in each, seen as one. */
import { openMemory } from "../../runtime/cache/memory.ts";
import type { Log } from "../../runtime/log.ts";
import type { Module } from "../../runtime/module.ts";
import { createProcess, type PlatformProcess, type ProcessDeps } from "../../runtime/process.ts";
import { createBreakers } from "../../runtime/rpc/circuit-breaker.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";
import { createKafkaTransport } from "../../runtime/transport/kafka.ts";
import type { Transport } from "../../runtime/transport/port.ts";
import type { Between, Shape } from "./platform-shape.ts";
import { createFaultyTransport } from "./transport.ts";
import type { NodeContext, World } from "./workload.ts";

export interface Processes extends Pick<PlatformProcess, "routes" | "start" | "endWaits" | "stop" | "depth"> {
  /** Asks the modules from where `order` runs, as what belongs to no module does. */
  readonly rpc: PlatformProcess["rpc"];
  /** Processes elsewhere are refused from here on. */
  closePorts(): void;
  /** How many questions to processes elsewhere are open. */
  asksElsewhere(): number;
}

/** What each process is given beside what its shape decides. */
export type CommonDeps = Omit<ProcessDeps, "modules" | "transport" | "shared" | "remote" | "breakers">;

const CACHE_ENTRIES = 100;
const EDGE_HOST = "order";

/** Builds them; nothing runs before `start`. */
export function createProcesses(
  world: World<unknown>,
  context: NodeContext,
  { between, groups }: Shape,
  modules: readonly Module[],
  common: CommonDeps,
): Processes {
  const { actor, scheduler } = context;
  const { clock } = common;
  const chosen = groups.map((names) => modules.filter(({ name }) => names.includes(name)));
  const random = (purpose: string) => world.random(`${purpose} ${actor.name}`);

  function inProcess(): Transport {
    const { loop, faults, trace } = world;
    return createFaultyTransport({ loop, faults, trace, actor, inner: createInProcessTransport() });
  }

  function overBrokers({ brokers }: Between, own: readonly Module[], log: Log, index: number): Transport {
    return createKafkaTransport({
      settings: { brokers: ["broker"], clientId: `${actor.name}-${index}`, prefix: "", tls: null, sasl: null },
      clients: brokers.clientsOf(actor, random(`clients ${index}`)),
      sends: own.flatMap(({ topics }) => topics.sends.map(({ name }) => name)),
      scheduler,
      random: random(`kafka ${index}`),
      log,
      condition: () => undefined,
    });
  }

  function sharedBy(parts: Between): ProcessDeps["shared"] {
    const { close, ...hints } = parts.hints.join(actor);
    const own = openMemory({ clock, scheduler, mostEntries: CACHE_ENTRIES });
    return { cache: own.cache, hints, close };
  }

  const processes = chosen.map((own, index) =>
    createProcess({
      ...common,
      modules: own,
      breakers: createBreakers({ clock, random: random(`breakers ${index}`), log: common.log }),
      transport: between === null ? inProcess() : overBrokers(between, own, common.log, index),
      // Hints may be lost, and without brokers all of them are: what must hold holds without.
      shared: between === null ? openMemory({ clock, scheduler, mostEntries: CACHE_ENTRIES }) : sharedBy(between),
      ...(between === null || groups.length === 1
        ? {}
        : { remote: between.switchboard.clientOf(actor, scheduler, random(`rpc ${index}`)) }),
    }),
  );
  const ports = between === null ? [] : processes.map((each) => between.switchboard.serve(actor, each.rpcHandlers));
  const edge = processes[groups.findIndex((names) => names.includes(EDGE_HOST))];
  if (edge === undefined) throw new Error(`no process runs ${EDGE_HOST}`);

  return {
    routes: processes.flatMap(({ routes }) => routes),
    rpc: edge.rpc,
    closePorts() {
      for (const close of ports) close();
    },
    asksElsewhere: () => between?.switchboard.openOf(actor) ?? 0,
    start: async () => void (await Promise.all(processes.map((each) => each.start()))),
    endWaits() {
      for (const each of processes) each.endWaits();
    },
    stop: async () => void (await Promise.all(processes.map((each) => each.stop()))),
    depth: () => Object.assign({}, ...processes.map((each) => each.depth())),
  };
}
