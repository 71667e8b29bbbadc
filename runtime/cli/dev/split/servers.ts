/**
 * What the processes of `dev --split` stand on: PostgreSQL, Kafka, Redis, each the one that a variable names or one of
 * our own; the schemas and the topics made, so that no process has to wait for another one's work.
 *
 * All of it starts or nothing stays. It ends in order: Kafka, Redis, PostgreSQL. Before that, where messages may be left
 * in Kafka (under-way.ts), the brokers are asked.
 */
import { relative } from "node:path";
import { withoutPassword } from "../../../config/parsers.ts";
import type { PlatformConfig } from "../../../config/settings.ts";
import { holdDataDirectory } from "../../../database/embedded/data-directory.ts";
import { startEmbedded } from "../../../database/embedded.ts";
import type { Log } from "../../../log.ts";
import type { Module } from "../../../module.ts";
import { migrateAll } from "../../../platform.ts";
import type { Scheduler } from "../../../scheduler.ts";
import { keepUp } from "./keep-up.ts";
import { endDownloads, startOwnKafka, startOwnRedis } from "./own-servers.ts";
import { allSettled, forgetUnderWay, underWayIn } from "./under-way.ts";

export interface Servers {
  /** What each process needs to find them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where they are, without secrets. */
  readonly shown: { readonly kafka: string; readonly redis: string };
  stop(): Promise<void>;
}

export interface ServersSettings {
  readonly registry: readonly Module[];
  /** Of all modules. */
  readonly config: PlatformConfig<string>;
  readonly dataDir: string;
  readonly reset: boolean;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly say: (line: string) => void;
  /** Nothing is started beside the database before this resolves. `isOurs`: nobody else uses the data directory. */
  readonly first: (isOurs: boolean) => Promise<void>;
}

/** What is set for other brokers means nothing to our own; few partitions, for each makes its start longer. */
const OWN_KAFKA = {
  config: { kafkaTls: false, kafkaCaFile: null, kafkaSasl: "none", kafkaPartitions: 4, kafkaReplication: null },
  environment: { KAFKA_TLS: "", KAFKA_CA_FILE: "", KAFKA_SASL: "" },
} as const;

/** A part that is there, and how it ends. */
interface Part {
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<unknown>;
}

/** Of a server that is given: it is not ours to end. */
const GIVEN = async () => undefined;

export async function startServers(settings: ServersSettings): Promise<Servers> {
  const { registry, config, dataDir, scheduler, log } = settings;
  const database = await startDatabase(settings);
  const urlOf = (module: string) =>
    config.databaseUrls.get(module)?.open() ?? database.environment["DATABASE_URL"] ?? "";
  const parts = [
    startRedis(settings),
    startKafka(settings),
    migrateAll(registry, urlOf, (message) => log("info", "start", { message })),
  ] as const;
  const faults: unknown[] = [];
  for (const part of parts)
    part.catch((error: unknown) => {
      faults.push(error);
      // Nobody should wait minutes for what is not used any more.
      void endDownloads();
    });
  const [redis, kafka] = await Promise.allSettled(parts);
  const stop = async () => {
    if (kafka.status === "fulfilled") await kafka.value.stop();
    if (redis.status === "fulfilled") await redis.value.stop();
    await database.stop();
  };
  try {
    if (faults.length > 0 || redis.status === "rejected" || kafka.status === "rejected") throw faults[0];
    const { makeTopics } = await import("../../topics.ts");
    await makeTopics(registry, kafka.value.config);
    const { config: withBrokers } = kafka.value;
    return {
      environment: { ...database.environment, ...kafka.value.environment, ...redis.value.environment },
      shown: { kafka: kafka.value.shown, redis: withoutPassword(redis.value.url) },
      async stop() {
        const isNoted = underWayIn(dataDir) !== null;
        if (isNoted && (await allSettled(registry, withBrokers, scheduler))) forgetUnderWay(dataDir);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The embedded server where a module has no URL; the data directory alone where only messages are kept in it. */
async function startDatabase({ config, dataDir, scheduler, reset, log, first }: ServersSettings): Promise<Part> {
  if ([...config.databaseUrls.values()].includes(null)) {
    const { url, stop } = await startEmbedded({
      dataDir,
      scheduler,
      reset,
      log: (message) => log("info", "start", { message }),
      alarm: (message) => log("error", "database.server", { message }),
    });
    return orStop({ environment: { DATABASE_URL: url, EXCLUSIVE_DATABASE: "true" }, stop }, () => first(true));
  }
  const environment = config.databaseUrl === null ? {} : { DATABASE_URL: config.databaseUrl.open() };
  if (config.kafkaBrokers !== null) return orStop({ environment, stop: GIVEN }, () => first(false));
  const release = holdDataDirectory(dataDir);
  return orStop({ environment, stop: async () => release() }, () => first(true));
}

/** The part, when `next` has succeeded. */
async function orStop(part: Part, next: () => Promise<void>): Promise<Part> {
  try {
    await next();
    return part;
  } catch (error) {
    await part.stop();
    throw error;
  }
}

const givenRedis = (url: string) => ({ url, environment: { REDIS_URL: url }, stop: GIVEN });

async function startRedis({ config, scheduler, say }: ServersSettings): Promise<Part & { readonly url: string }> {
  const { redisUrl } = config;
  if (redisUrl !== null) return givenRedis(redisUrl.open());
  const redis = await startOwnRedis();
  const leave = keepUp("Redis", redis, { scheduler, say });
  return {
    url: redis.url,
    environment: { REDIS_URL: redis.url, REDIS_CA_FILE: "" },
    stop: () => leave().then(redis.stop),
  };
}

interface KafkaPart extends Part {
  readonly shown: string;
  /** With the brokers that there are. */
  readonly config: PlatformConfig<string>;
}

async function startKafka({ config, dataDir, scheduler, say }: ServersSettings): Promise<KafkaPart> {
  const { kafkaBrokers } = config;
  if (kafkaBrokers !== null) {
    const shown = kafkaBrokers.join(",");
    return { config, shown, environment: { KAFKA_BROKERS: shown }, stop: GIVEN };
  }
  const kafka = await startOwnKafka(dataDir);
  const leave = keepUp("Kafka", kafka, { scheduler, say });
  return {
    shown: `${kafka.broker}   its log: ${relative(process.cwd(), kafka.logFile)}`,
    config: { ...config, ...OWN_KAFKA.config, kafkaBrokers: [kafka.broker] },
    environment: { ...OWN_KAFKA.environment, KAFKA_BROKERS: kafka.broker },
    stop: () => leave().then(kafka.stop),
  };
}
