/**
 * The platform as several processes behind one port: groups of modules, each a process or several replicas of it, on one
 * PostgreSQL, Kafka and Redis. Paths are routed by the gateway as the load balancer does, rpc between groups as the
 * cluster's services do. A test sees one platform.
 */
import { rm } from "node:fs/promises";
import { registry } from "../../modules/registry.ts";
import { startGateway } from "../../runtime/cli/dev/gateway.ts";
import { collectionsOf } from "../../runtime/registry.ts";
import { makeExternalData } from "./external-data.ts";
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
  readonly env: Environment;
  readonly internalUrl: string;
  process: PlatformProcess;
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
  const members: Member[] = [];
  const hostsOf = (module: string) => members.filter(({ modules }) => modules.includes(module));
  const owners = new Map(registry.flatMap((module) => collectionsOf(module).map((each) => [each, module.name])));
  const publicGateway = startGateway({
    hostname: "127.0.0.1",
    port: common["PORT"] === undefined ? 0 : Number(common["PORT"]),
    upstreams: (collection) => hostsOf(owners.get(collection ?? "") ?? EDGE_MODULE).map(({ process }) => process.url),
  });
  const internalGateways = groups.map((modules) =>
    startGateway({
      hostname: "127.0.0.1",
      port: 0,
      upstreams: () => members.filter((member) => member.modules === modules).map(({ internalUrl }) => internalUrl),
    }),
  );
  const serviceUrls = Object.fromEntries(
    groups.flatMap((modules, index) =>
      modules.map((module) => [`${module.toUpperCase()}_RPC_URL`, internalGateways[index]?.url]),
    ),
  );
  const closeGateways = () => Promise.all([publicGateway, ...internalGateways].map((gateway) => gateway.stop()));
  const all = () => members.map(({ process }) => process);

  try {
    const starting = groups.flatMap((modules) =>
      Array.from({ length: replicas }, async () => {
        const own = {
          ...common,
          ...serviceUrls,
          MODULES: modules.join(","),
        };
        const process = await startProcess(["serve"], own);
        members.push({ modules, env: own, internalUrl: process.internalUrl, process });
      }),
    );
    const failed = (await Promise.allSettled(starting)).find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  } catch (error) {
    await Promise.all(all().map((process) => process.stop()));
    await closeGateways();
    throw error;
  }
  return oneOf(members, publicGateway, closeGateways);
}

/** All members as one process: what a test does to it, it does to all, but for the kill of one. */
function oneOf(
  members: readonly Member[],
  gateway: { readonly port: number; readonly url: string },
  closeGateways: () => Promise<unknown>,
): PlatformProcess {
  const all = members.map(({ process }) => process);
  const edge = members.find(({ modules }) => modules.includes(EDGE_MODULE))?.process;
  if (!edge) throw new Error(`no group has the module ${EDGE_MODULE}`);
  const exited = Promise.all(all.map((each) => each.exited)).then((codes) => codes.find((code) => code !== 0) ?? 0);
  return {
    pid: edge.pid,
    port: gateway.port,
    url: gateway.url,
    internalUrl: edge.internalUrl,
    output: () => all.map((each) => each.output()).join("\n"),
    exited,
    async stop() {
      const codes = await Promise.all(all.map((each) => each.stop()));
      await closeGateways();
      return codes.find((code) => code !== 0) ?? 0;
    },
    async kill(what) {
      await edge.kill(what);
      if (what === "group") await Promise.all(all.filter((each) => each !== edge).map((each) => each.kill("group")));
      else await Promise.all(all.filter((each) => each !== edge).map((each) => each.stop()));
      await closeGateways();
    },
  };
}
