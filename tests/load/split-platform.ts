/**
 * The platform as six processes, a module each, on PostgreSQL, Kafka and Redis of their own. Orders go to the order
 * module's process, and questions to the module's port, as a cluster's services send them; nothing stands in between.
 */
import { join } from "node:path";
import postgres from "postgres";
import { registry } from "../../modules/registry.ts";
import { freeServerPorts } from "../../runtime/cli/dev/split/server-port.ts";
import { EDGE_HOST } from "../../runtime/registry.ts";
import { watchSettled } from "../../runtime/transport/kafka/settled.ts";
import { startExternalKafka } from "../provision/external-kafka.ts";
import { startExternalPostgres } from "../provision/external-postgres.ts";
import { startExternalRedis } from "../provision/external-redis.ts";
import { benchClient } from "./broker-latency.ts";
import { seedCatalogue } from "./catalogue.ts";
import type { Target } from "./load-window.ts";
import { makeTopics, migratePlatform, type Platform, type Settings, startPlatform } from "./platform.ts";
import { SERVER_SETTINGS } from "./server-settings.ts";
import { customerTokens } from "./tokens.ts";

export const MODULES = registry.map(({ name }) => name);
/** Names beside the modules' in what is measured. */
export const [BROKER, REDIS] = ["broker", "redis"] as const;

export interface LoadOptions {
  readonly directory: string;
  readonly products: number;
  readonly customers: number;
  /** Samples where each process spends its time; the profiles are written to `profileDirOf` when they end. */
  readonly profile: boolean;
}

export interface SplitLoadOptions extends LoadOptions {
  /** Runs this instead of the source. */
  readonly executable?: string;
}

export interface UnderLoad extends AsyncDisposable {
  readonly target: Target;
  readonly databaseUrl: string;
  readonly skus: readonly string[];
  /** Ends the platform's processes; its servers go on. */
  endProcesses(): Promise<void>;
}

export interface SplitUnderLoad extends UnderLoad {
  readonly brokers: readonly string[];
}

export const profileDirOf = (directory: string, process: string) => join(directory, `profile-${process}`);

/** A database with products, and a Redis. */
async function startServers(stack: AsyncDisposableStack, { products }: LoadOptions) {
  const database = await startExternalPostgres({ alwaysOwn: true, settings: SERVER_SETTINGS });
  stack.defer(database.stop);
  if (database.pid === undefined) throw new Error("the benchmark needs a server of its own");
  const redis = await startExternalRedis();
  stack.defer(redis.stop);
  await migratePlatform(database.url);
  const skus = await seedCatalogue(database.url, products);
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
  stack.defer(() => sql.end({ timeout: 5 }));
  return { database: { url: database.url, pid: database.pid }, redis, skus, sql };
}

/** All modules in one process, messages within it: what the split one is compared with. */
export async function startSingleUnderLoad(options: LoadOptions): Promise<UnderLoad> {
  await using stack = new AsyncDisposableStack();
  const { database, redis, skus, sql } = await startServers(stack, options);
  const directory = join(options.directory, "single");
  const platform = await startPlatform({
    databaseUrl: database.url,
    directory,
    name: "single",
    ...(options.profile ? { profileDir: profileDirOf(options.directory, "single") } : {}),
    settings: { REDIS_URL: redis.url },
  });
  stack.defer(async () => void (await platform.stop()));
  const target: Target = {
    port: platform.port,
    tokens: await customerTokens(platform.dataDir, options.customers),
    sql,
    app: { single: platform.pid },
    databasePid: database.pid,
    besides: { [REDIS]: redis.pid },
  };
  const ends = stack.move();
  return {
    target,
    databaseUrl: database.url,
    skus,
    endProcesses: async () => void (await platform.stop()),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** A process for each module. */
export async function startSplitUnderLoad(options: SplitLoadOptions): Promise<SplitUnderLoad> {
  await using stack = new AsyncDisposableStack();
  const { database, redis, skus, sql } = await startServers(stack, options);
  const kafka = await startExternalKafka();
  stack.defer(kafka.stop);
  const [broker] = kafka.nodes;
  if (!broker) throw new Error("there is no broker");
  await makeTopics(kafka.brokers.join(","));
  const directory = join(options.directory, "split");
  // Before the processes start: they share the issuer's key, and none must make another.
  const tokens = await customerTokens(join(directory, "data"), options.customers);
  const ports = await freeServerPorts(2 * MODULES.length);
  const portOf = (index: number) => String(ports[index] ?? 0);
  const common: Settings = {
    KAFKA_BROKERS: kafka.brokers.join(","),
    REDIS_URL: redis.url,
    ...Object.fromEntries(
      MODULES.map((module, index) => [`${module.toUpperCase()}_RPC_URL`, `http://127.0.0.1:${portOf(2 * index + 1)}`]),
    ),
  };
  const members = new Map<string, Platform>();
  for (const [index, module] of MODULES.entries()) {
    const member = await startPlatform({
      databaseUrl: database.url,
      directory,
      name: module,
      ...(options.profile ? { profileDir: profileDirOf(options.directory, module) } : {}),
      ...(options.executable ? { executable: options.executable } : {}),
      settings: { ...common, MODULES: module, PORT: portOf(2 * index), INTERNAL_PORT: portOf(2 * index + 1) },
    });
    members.set(module, member);
    stack.defer(async () => void (await member.stop()));
  }
  const settled = watchSettled(registry, benchClient(kafka.brokers));
  stack.defer(settled.close);
  const target: Target = {
    port: members.get(EDGE_HOST)?.port ?? 0,
    tokens,
    sql,
    app: Object.fromEntries([...members].map(([module, { pid }]) => [module, pid])),
    databasePid: database.pid,
    besides: { [BROKER]: broker.pid, [REDIS]: redis.pid },
    isSettled: settled.isSettled,
  };
  const ends = stack.move();
  return {
    target,
    databaseUrl: database.url,
    skus,
    brokers: kafka.brokers,
    endProcesses: async () => void (await Promise.all([...members.values()].map((member) => member.stop()))),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
