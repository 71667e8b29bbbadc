/**
 * A split platform that is rolled from one release to another and back, a module at a time and as a cluster does it: a
 * process of the other release starts beside the one that is there, takes its share of requests, messages and rpc once
 * it is ready, and only then the old one is told to stop. The balancers hear of it a moment later than it does itself.
 */
import { registry } from "../../modules/registry.ts";
import { freeServerPort, freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { collectionsOf, EDGE_HOST } from "../../runtime/registry.ts";
import { type Gateways, startGateways } from "../journeys/gateways.ts";
import type { GatewayPlan } from "../journeys/gateways-process.ts";
import { type Environment, type PlatformProcess, startProcess } from "../journeys/process.ts";
import type { Release } from "./previous.ts";

/** How long a balancer goes on sending requests to a process that was told to stop; it must answer them. */
const BALANCER_LAG_MS = 250;
const DRAIN_MS = 600;

export interface Replacement {
  readonly module: string;
  readonly from: string;
  readonly to: string;
  /** From SIGTERM to the end of the process. */
  readonly exitMs: number;
  /** Null: it had to be killed. */
  readonly exitCode: number | null;
}

export interface Fleet {
  /** Where customers come by. */
  readonly url: string;
  /** The release that each module runs now. */
  releases(): Readonly<Record<string, string>>;
  /** Replaces the module's process; `together` runs while both releases are there. */
  replace(module: string, to: Release, together: () => Promise<void>): Promise<Replacement>;
  /** What its processes have written, those that have ended included. */
  output(): string;
  stop(): Promise<void>;
}

interface Replica {
  readonly release: Release;
  readonly process: PlatformProcess;
}

/** Starts a process of `release` for each module, or none. */
export async function startFleet(release: Release, common: Environment): Promise<Fleet> {
  const modules = registry.map(({ name }) => name);
  const [publicPort = 0, ...rpcPorts] = await freeServerPorts(1 + modules.length);
  const rpcUrls = Object.fromEntries(
    modules.map((module, index) => [`${module.toUpperCase()}_RPC_URL`, `http://127.0.0.1:${rpcPorts[index]}`]),
  );
  const settings = { ...common, ...rpcUrls, READINESS_DRAIN_MS: String(DRAIN_MS) };
  /** By module; the last is the one that stays. */
  const running = new Map<string, readonly Replica[]>();
  const ended: string[] = [];

  async function startReplica(module: string, of: Release): Promise<Replica> {
    const ports = { PORT: String(await freeServerPort()), INTERNAL_PORT: String(await freeServerPort()) };
    const env = { ...settings, ...ports, MODULES: module };
    return { release: of, process: await startProcess(["serve"], env, of) };
  }
  const urlsOf = (module: string) => (running.get(module) ?? []).map(({ process }) => process.url);
  const plans = (): readonly GatewayPlan[] => [
    {
      port: publicPort,
      byCollection: Object.fromEntries(
        registry.flatMap((module) => collectionsOf(module).map((each) => [each, urlsOf(module.name)])),
      ),
      others: urlsOf(EDGE_HOST),
    },
    ...modules.map((module, index) => ({
      port: rpcPorts[index] ?? 0,
      byCollection: {},
      others: (running.get(module) ?? []).map(({ process }) => process.internalUrl),
    })),
  ];
  const stopAll = () => Promise.all([...running.values()].flat().map(({ process }) => process.stop()));

  let gateways: Gateways;
  try {
    await Promise.all(modules.map(async (module) => running.set(module, [await startReplica(module, release)])));
    gateways = await startGateways(plans());
  } catch (error) {
    await stopAll();
    throw error;
  }

  return {
    url: `http://127.0.0.1:${publicPort}`,
    releases: () =>
      Object.fromEntries([...running].map(([module, replicas]) => [module, replicas.at(-1)?.release.version ?? ""])),
    async replace(module, to, together) {
      const [old] = running.get(module) ?? [];
      if (!old) throw new Error(`no process runs ${module}`);
      const next = await startReplica(module, to);
      running.set(module, [old, next]);
      await gateways.update(plans());
      await together();
      const toldMs = performance.now();
      const stopping = old.process.stop();
      await Bun.sleep(BALANCER_LAG_MS);
      running.set(module, [next]);
      await gateways.update(plans());
      const exitCode = await stopping;
      ended.push(old.process.output());
      return { module, from: old.release.version, to: to.version, exitMs: performance.now() - toldMs, exitCode };
    },
    output: () => [...ended, ...[...running.values()].flat().map(({ process }) => process.output())].join("\n"),
    async stop() {
      await stopAll();
      await gateways.stop();
    },
  };
}
