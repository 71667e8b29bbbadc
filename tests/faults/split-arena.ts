/**
 * Six processes on one PostgreSQL, Kafka and Redis, fsync on. What was killed is started again on its ports and its data;
 * everybody else must go on meanwhile, and take up again with whoever comes back.
 */
import { tokenOf } from "../journeys/platform.ts";
import { type Member, startMembers } from "../journeys/split-members.ts";
import { makeSplitData } from "../journeys/split-shape.ts";
import { SIX } from "../journeys/topology.ts";
import { seedCatalogue } from "../load/catalogue.ts";
import { type ExternalKafka, startExternalKafka } from "../provision/external-kafka.ts";
import { type ExternalPostgres, startExternalPostgres } from "../provision/external-postgres.ts";
import { type ExternalRedis, startExternalRedis } from "../provision/external-redis.ts";
import { oneOf } from "../simulation/seed.ts";
import type { Arena } from "./arena.ts";
import { killAll, processOf, untilEnded, victimsBeside } from "./process-tree.ts";
import { PRODUCTS, QUICK_PAYMENTS } from "./single-arena.ts";
import { withSql } from "./with-sql.ts";

interface Servers {
  readonly database: ExternalPostgres;
  readonly kafka: ExternalKafka;
  readonly redis: ExternalRedis;
}

/** Starts all of it. Throws `MissingTool` where a server's programs cannot be had. */
export async function startSplitArena(): Promise<Arena> {
  const database = await startExternalPostgres({ alwaysOwn: true });
  const kafka = await startExternalKafka();
  const redis = await startExternalRedis();
  const servers = { database, kafka, redis };
  try {
    return await onServers(servers);
  } catch (error) {
    await stopServers(servers);
    throw error;
  }
}

const stopServers = ({ database, kafka, redis }: Servers) => Promise.all([database.stop(), kafka.stop(), redis.stop()]);

async function onServers(servers: Servers): Promise<Arena> {
  const { database, kafka, redis } = servers;
  const addresses = { databaseUrl: database.url, kafkaBrokers: kafka.brokers.join(","), redisUrl: redis.url };
  const data = await makeSplitData(addresses, { ...QUICK_PAYMENTS, LOG_LEVEL: "warn" });
  const skus = await seedCatalogue(data.url, PRODUCTS);
  const { members, port, stopGateways } = await startMembers({ groups: SIX, replicas: 1 }, data.settings);
  const [broker] = kafka.nodes;
  if (!broker) throw new Error("there is no broker");
  const isRunning = ({ process }: Member) => processOf(process.pid) !== undefined;
  const entries = () => members.flatMap(({ process }) => processOf(process.pid) ?? []);

  return {
    kinds: ["member", "members", "broker", "redis", "server", "backend"],
    skus,
    urls: () => (members.every(isRunning) ? [`http://127.0.0.1:${port}`] : []),
    tokenFor: (customer) => tokenOf(data.dataDir, "customer", customer),
    operatorToken: () => tokenOf(data.dataDir, "operator", "judge"),
    async strike(kind, random) {
      // Resolved when their starter knows it too: until then it would not start them again.
      if (kind === "broker") return broker.kill();
      if (kind === "redis") return redis.kill();
      const { kill, falls } = victimsBeside(database.pid, entries(), kind, (from) => oneOf(random, from));
      killAll(kill);
      await untilEnded([...kill, ...falls]);
    },
    async mend() {
      if (processOf(database.pid ?? 0) === undefined) await database.restart();
      await Promise.all([broker.start(), redis.start()]);
      await Promise.all(
        members.map(async (member) => {
          if (isRunning(member)) return;
          await member.process.stop();
          await member.restart();
        }),
      );
    },
    withSql: (work) => withSql(data.url, work),
    output: () => members.map(({ process }) => process.output().slice(-1_500)).join("\n"),
    async remove() {
      await Promise.all(members.map(({ process }) => process.stop()));
      await stopGateways();
      await data.remove();
      await stopServers(servers);
    },
  };
}
