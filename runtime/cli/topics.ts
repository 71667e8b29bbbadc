/** `topics`: makes the topics of all modules on the brokers. Nothing else ever makes one. Sets groups back after a restore. */

import * as z from "zod";
import { openKafkaLogin } from "../compose/iam-logins.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { topicsOf } from "../registry.ts";
import { StartError } from "../start-error.ts";
import { brokerNames } from "../transport/kafka/broker-names.ts";
import { type KafkaClients, kafkaClients } from "../transport/kafka/client.ts";
import { faultOf } from "../transport/kafka/fault.ts";
import { rewindGroups } from "../transport/kafka/rewind.ts";
import { kafkaSettingsOf } from "../transport/kafka/settings.ts";
import { createTopics, type TopicReport } from "../transport/kafka/topics.ts";
import { flagsOf, UsageError } from "./arguments.ts";
import { loadConfigHere } from "./run-platform.ts";

export const help = `topics: make the topics of all modules on the brokers. What is there already is left as it is.

  KAFKA_BROKERS=broker-1:9092,broker-2:9092 bun run topics --partitions 12 --replication 3
  MODULES=order bun run topics --rewind-to 2026-11-28T04:00:00Z

  --kafka-brokers LIST  some of the brokers (KAFKA_BROKERS)
  --partitions N        of each new topic (KAFKA_PARTITIONS, 12); fixed afterwards
  --replication N       copies of each message (KAFKA_REPLICATION; default: as the brokers have it set)
  --rewind-to TIME      makes no topic: after a restore, sets the modules' consumer groups (--modules, MODULES) back to
                        TIME, or to all that is kept (earliest). Their processes must be stopped. What a database has
                        handled already is skipped, so an hour too early costs time and nothing else
  --modules LIST        whose groups (MODULES, all)

Names and login: KAFKA_PREFIX; KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_TOKEN_FILE, KAFKA_TLS, KAFKA_CA_FILE;
for MSK KAFKA_SASL=iam with AWS_REGION.
Exit code 0 when every topic is there with that number of partitions.`;

export const flags = {
  "kafka-brokers": "string",
  partitions: "string",
  replication: "string",
  "rewind-to": "string",
  modules: "string",
} as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { "rewind-to": rewindTo, ...given } = flagsOf(args, flags);
  if (given.modules !== undefined && rewindTo === undefined)
    throw new UsageError("topics makes those of all modules: --modules goes with --rewind-to (see --help)");
  const toMs = rewindTo === undefined ? undefined : momentOf(rewindTo);
  const { config } = await loadConfigHere(registry, "topics", given);
  if (toMs !== undefined) return rewind(registry, config, toMs);
  const { created, present } = await makeTopics(registry, config);
  for (const topic of created) console.log(`made  ${topic}`);
  for (const topic of present) console.log(`there ${topic}`);
  return 0;
}

/** Milliseconds since the epoch. A time without a zone would mean another moment on another machine. */
function momentOf(text: string): number {
  if (text === "earliest") return 0;
  const moment = z.iso.datetime({ offset: true }).safeParse(text);
  if (moment.success) return Date.parse(moment.data);
  throw new UsageError(`--rewind-to takes a time with its zone (2026-11-28T04:00:00Z) or earliest, not ${text}`);
}

async function rewind(registry: readonly Module[], config: PlatformConfig<string>, toMs: number): Promise<number> {
  const modules = registry.filter(({ name }) => config.modules.includes(name));
  const rewound = await administered(config, "The groups could not be set back", (admin, names) =>
    rewindGroups(
      admin,
      modules.map(({ name, topics }) => ({
        group: names.group(name),
        topics: topics.subscribes.map((topic) => names.topic(topic.name)),
      })),
      toMs,
    ),
  );
  for (const { group, topic, records } of rewound) console.log(`${group}  ${topic}: ${records} records come again`);
  return 0;
}

/** Makes the topics of all modules that are missing. Throws a `StartError` when they cannot be had as they should be. */
export async function makeTopics(registry: readonly Module[], config: PlatformConfig<string>): Promise<TopicReport> {
  return administered(config, "The topics could not be made", (admin, names) =>
    createTopics(
      admin,
      topicsOf(registry).map(({ name }) => names.topic(name)),
      { partitions: config.kafkaPartitions, replication: config.kafkaReplication },
    ),
  );
}

/** Does something as the brokers' administrator. `failure` begins the sentence of what cannot be done. */
async function administered<T>(
  config: PlatformConfig<string>,
  failure: string,
  act: (admin: ReturnType<KafkaClients["admin"]>, names: ReturnType<typeof brokerNames>) => Promise<T>,
): Promise<T> {
  const settings = kafkaSettingsOf(config, "genai-demo-topics", await openKafkaLogin(config));
  const admin = kafkaClients(settings).admin();
  try {
    await admin.connect();
    return await act(admin, brokerNames(settings));
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `${failure} on ${settings.brokers.join(", ")} (${faultOf(error).text}): check KAFKA_BROKERS, that these brokers run, and how to log in there (KAFKA_TLS, KAFKA_SASL)`,
      { cause: error },
    );
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
