/**
 * The platform as several processes behind one port: groups of modules, each a process or several replicas of it, on one
 * PostgreSQL, Kafka and Redis. Paths are routed by the gateway as the load balancer does, rpc between groups as the
 * cluster's services do. A test sees one platform.
 */
import { rm } from "node:fs/promises";
import { registry } from "../../modules/registry.ts";
import { collectionsOf } from "../../runtime/registry.ts";
import { freeServerPorts } from "../provision/server-port.ts";
import { makeExternalData } from "./external-data.ts";
import { startGateways } from "./gateways.ts";
import type { Shape } from "./platform.ts";
import { type Environment, type PlatformProcess, runCommand, startProcess } from "./process.ts";

export interface SplitServers {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly redisUrl: string;
}

export interface Grouping {
  /** Modules that share a process. */
  readonly groups: readonly (readonly string[])[];
  /** Processes of each group. */
  readonly replicas: number;
}

/** A running part of the platform. */
interface Member {
  readonly modules: readonly string[];
  readonly process: PlatformProcess;
}

const EDGE_MODULE = "order";

export async function splitShape(servers: SplitServers, grouping: Grouping, env: Environment): Promise<Shape> {
  const data = await makeExternalData(servers.databaseUrl, env);
  const prefix = `journey-${crypto.randomUUID().slice(0, 8)}.`;
  const common = {
    ...data.settings,
    KAFKA_BROKERS: servers.kafkaBrokers,
    KAFKA_PREFIX: prefix,
    REDIS_URL: servers.redisUrl,
  };
  const { code, stdout, stderr } = await runCommand(["topics", "--partitions", "4"], common);
  if (code !== 0) throw new Error(`topics failed:\n${stdout}${stderr}`);
  return {
    dataDir: data.dataDir,
    start: (own) => startMembers(grouping, { ...common, ...own }),
    databaseUrl: () => data.url,
    async remove() {
      await data.drop();
      await rm(data.dataDir, { recursive: true, force: true });
    },
  };
}

async function startMembers({ groups, replicas }: Grouping, common: Environment): Promise<PlatformProcess> {
  const [publicPort = 0, ...internalPorts] = await freeServerPorts(1 + groups.length);
  const port = common["PORT"] === undefined ? publicPort : Number(common["PORT"]);
  const rpcUrls = Object.fromEntries(
    groups.flatMap((modules, index) =>
      modules.map((module) => [`${module.toUpperCase()}_RPC_URL`, `http://127.0.0.1:${internalPorts[index]}`]),
    ),
  );
  const settings = { ...common, ...rpcUrls, PORT: undefined, INTERNAL_PORT: undefined };
  const starting = groups.flatMap((modules) =>
    Array.from({ length: replicas }, async (): Promise<Member> => {
      const process = await startProcess(["serve"], { ...settings, MODULES: modules.join(",") });
      return { modules, process };
    }),
  );
  const started = await Promise.allSettled(starting);
  const members = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const urlsOf = (module: string) =>
    members.filter(({ modules }) => modules.includes(module)).map(({ process }) => process.url);
  const owners = registry.flatMap((module) => collectionsOf(module).map((each) => [each, urlsOf(module.name)]));
  const internal = groups.map((modules, index) => ({
    port: internalPorts[index] ?? 0,
    byCollection: {},
    others: members.filter((member) => member.modules === modules).map(({ process }) => process.internalUrl),
  }));
  const gateways = await startGateways([
    { port, byCollection: Object.fromEntries(owners), others: urlsOf(EDGE_MODULE) },
    ...internal,
  ]);
  const running = oneOf(members, port, gateways.stop);
  const failed = started.find((each) => each.status === "rejected");
  if (!failed) return running;
  await running.stop();
  throw failed.reason;
}

/** All members as one process: what a test does to it, it does to all, but for the kill of one. */
function oneOf(members: readonly Member[], port: number, stopGateways: () => Promise<void>): PlatformProcess {
  const all = members.map(({ process }) => process);
  const edge = members.find(({ modules }) => modules.includes(EDGE_MODULE))?.process ?? all[0];
  if (!edge) throw new Error("no process has started");
  const exited = Promise.all(all.map((each) => each.exited)).then((codes) => codes.find((code) => code !== 0) ?? 0);
  return {
    pid: edge.pid,
    port,
    url: `http://127.0.0.1:${port}`,
    internalUrl: edge.internalUrl,
    output: () => all.map((each) => each.output()).join("\n"),
    exited,
    async stop() {
      const codes = await Promise.all(all.map((each) => each.stop()));
      await stopGateways();
      return codes.find((code) => code !== 0) ?? 0;
    },
    async kill(what) {
      // Whoever may have the customer's request in hand dies; the others end in order, as nobody is started alone.
      const isKilled = ({ modules }: Member) => what === "group" || modules.includes(EDGE_MODULE);
      await Promise.all(
        members.map(async (member) => {
          if (isKilled(member)) await member.process.kill(what);
          else await member.process.stop();
        }),
      );
      await stopGateways();
    },
  };
}
