/**
 * The platform as several processes behind one port: groups of modules, each a process or several replicas of it, on one
 * PostgreSQL, Kafka and Redis. Paths are routed by the gateway as the load balancer does, rpc between groups as the
 * cluster's services do. A test sees one platform.
 */
import { EDGE_HOST } from "../../runtime/registry.ts";
import { makeExternalData, orRemoved } from "./external-data.ts";
import { type Environment, type PlatformProcess, runCommand } from "./process.ts";
import type { Shape } from "./shape.ts";
import { type Grouping, type Member, type SplitMembers, type StartProcess, startMembers } from "./split-members.ts";

export interface SplitServers {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly redisUrl: string;
}

/** A database and topics of its own, and what each process is started with. */
export async function makeSplitData(servers: SplitServers, env: Environment) {
  const data = await makeExternalData(servers.databaseUrl, env);
  const settings = {
    ...data.settings,
    KAFKA_BROKERS: servers.kafkaBrokers,
    KAFKA_PREFIX: `journey-${crypto.randomUUID().slice(0, 8)}.`,
    REDIS_URL: servers.redisUrl,
  };
  return orRemoved({ ...data, settings }, async () => {
    const { code, stdout, stderr } = await runCommand(["topics", "--partitions", "4"], settings);
    if (code !== 0) throw new Error(`topics failed:\n${stdout}${stderr}`);
  });
}

export async function splitShape(
  servers: SplitServers,
  grouping: Grouping,
  env: Environment,
  start?: StartProcess,
): Promise<Shape> {
  const data = await makeSplitData(servers, env);
  return {
    dataDir: data.dataDir,
    start: async (own) => oneOf(await startMembers(grouping, { ...data.settings, ...own }, start)),
    databaseUrl: () => data.url,
    remove: data.remove,
  };
}

/** All members as one process: what a test does to it, it does to all, but for the kill of one. */
function oneOf({ members, port, stopGateways }: SplitMembers): PlatformProcess {
  const all = members.map(({ process }) => process);
  const edge = members.find(({ modules }) => modules.includes(EDGE_HOST))?.process ?? all[0];
  if (!edge) throw new Error("no process has started");
  const exited = Promise.all(all.map((each) => each.exited)).then((codes) => codes.find((code) => code !== 0) ?? 0);
  return {
    pid: edge.pid,
    port,
    url: `http://127.0.0.1:${port}`,
    internalUrl: edge.internalUrl,
    internalUrls: all.map((each) => each.internalUrl),
    output: () => all.map((each) => each.output()).join("\n"),
    exited,
    async stop() {
      const codes = await Promise.all(all.map((each) => each.stop()));
      await stopGateways();
      return codes.find((code) => code !== 0) ?? 0;
    },
    async kill(what) {
      // Whoever may have the customer's request in hand dies; the others end in order, as nobody is started alone.
      const isKilled = ({ modules }: Member) => what === "group" || modules.includes(EDGE_HOST);
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
