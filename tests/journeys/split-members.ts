/**
 * The processes of a split platform, each of which can be killed and started again on its ports, and the gateways in
 * front of them, which stand still meanwhile.
 */
import { registry } from "../../modules/registry.ts";
import { freeServerPort, freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { collectionsOf, EDGE_HOST } from "../../runtime/registry.ts";
import { startGateways } from "./gateways.ts";
import { type Environment, type PlatformProcess, startProcess } from "./process.ts";

export interface Grouping {
  /** Modules that share a process. */
  readonly groups: readonly (readonly string[])[];
  /** Processes of each group. */
  readonly replicas: number;
}

export interface Member {
  readonly modules: readonly string[];
  /** Of its latest start. */
  readonly process: PlatformProcess;
  /** Starts it again on its ports; the process before must have ended. */
  restart(): Promise<void>;
}

export interface SplitMembers {
  readonly members: readonly Member[];
  /** Of the gateway that customers come by. */
  readonly port: number;
  stopGateways(): Promise<void>;
}

/** How a process is started: of the checkout, unless it is another program that is looked at. */
export type StartProcess = (args: readonly string[], env: Environment) => Promise<PlatformProcess>;

/** Starts all of them, or none. */
export async function startMembers(
  { groups, replicas }: Grouping,
  common: Environment,
  start: StartProcess = startProcess,
): Promise<SplitMembers> {
  const [publicPort = 0, ...internalPorts] = await freeServerPorts(1 + groups.length);
  const port = common["PORT"] === undefined ? publicPort : Number(common["PORT"]);
  const rpcUrls = Object.fromEntries(
    groups.flatMap((modules, index) =>
      modules.map((module) => [`${module.toUpperCase()}_RPC_URL`, `http://127.0.0.1:${internalPorts[index]}`]),
    ),
  );
  const starting = groups.flatMap((modules) =>
    Array.from({ length: replicas }, () => startMember(modules, { ...common, ...rpcUrls }, start)),
  );
  const started = await Promise.allSettled(starting);
  const members = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = started.find((each) => each.status === "rejected");
  if (failed) {
    await Promise.all(members.map(({ process }) => process.stop()));
    throw failed.reason;
  }
  const urlsOf = (module: string) =>
    members.filter(({ modules }) => modules.includes(module)).map(({ process }) => process.url);
  const owners = registry.flatMap((module) => collectionsOf(module).map((each) => [each, urlsOf(module.name)]));
  const internal = groups.map((modules, index) => ({
    port: internalPorts[index] ?? 0,
    byCollection: {},
    others: members.filter((member) => member.modules === modules).map(({ process }) => process.internalUrl),
  }));
  const { stop: stopGateways } = await startGateways([
    { port, byCollection: Object.fromEntries(owners), others: urlsOf(EDGE_HOST) },
    ...internal,
  ]);
  return { members, port, stopGateways };
}

async function startMember(modules: readonly string[], common: Environment, start: StartProcess): Promise<Member> {
  const settings = {
    ...common,
    MODULES: modules.join(","),
    PORT: String(await freeServerPort()),
    INTERNAL_PORT: String(await freeServerPort()),
  };
  let process = await start(["serve"], settings);
  return {
    modules,
    get process() {
      return process;
    },
    async restart() {
      process = await start(["serve"], settings);
    },
  };
}
