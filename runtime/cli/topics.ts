/** `topics`: makes the topics of all modules on the brokers. Nothing else ever makes one. */

import { openKafkaLogin } from "../compose/iam-logins.ts";
import type { PlatformConfig } from "../config/settings.ts";
import type { Module } from "../module.ts";
import { topicsOf } from "../registry.ts";
import { StartError } from "../start-error.ts";
import { brokerNames } from "../transport/kafka/broker-names.ts";
import { kafkaClients } from "../transport/kafka/client.ts";
import { faultOf } from "../transport/kafka/fault.ts";
import { kafkaSettingsOf } from "../transport/kafka/settings.ts";
import { createTopics, type TopicReport } from "../transport/kafka/topics.ts";
import { flagsOf } from "./arguments.ts";
import { loadConfigHere } from "./run-platform.ts";

export const help = `topics: make the topics of all modules on the brokers. What is there already is left as it is.

  KAFKA_BROKERS=broker-1:9092,broker-2:9092 bun run topics --partitions 12 --replication 3

  --kafka-brokers LIST  some of the brokers (KAFKA_BROKERS)
  --partitions N        of each new topic (KAFKA_PARTITIONS, 12); fixed afterwards
  --replication N       copies of each message (KAFKA_REPLICATION; default: as the brokers have it set)

Names and login: KAFKA_PREFIX; KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_TOKEN_FILE, KAFKA_TLS, KAFKA_CA_FILE;
for MSK KAFKA_SASL=iam with AWS_REGION.
Exit code 0 when every topic is there with that number of partitions.`;

export const flags = { "kafka-brokers": "string", partitions: "string", replication: "string" } as const;

export async function run(args: readonly string[], registry: readonly Module[]): Promise<number> {
  const { config } = await loadConfigHere(registry, "topics", flagsOf(args, flags));
  const { created, present } = await makeTopics(registry, config);
  for (const topic of created) console.log(`made  ${topic}`);
  for (const topic of present) console.log(`there ${topic}`);
  return 0;
}

/** Makes the topics of all modules that are missing. Throws a `StartError` when they cannot be had as they should be. */
export async function makeTopics(registry: readonly Module[], config: PlatformConfig<string>): Promise<TopicReport> {
  const settings = kafkaSettingsOf(config, "genai-demo-topics", await openKafkaLogin(config));
  const admin = kafkaClients(settings).admin();
  try {
    await admin.connect();
    const topics = topicsOf(registry).map(({ name }) => brokerNames(settings).topic(name));
    return await createTopics(admin, topics, {
      partitions: config.kafkaPartitions,
      replication: config.kafkaReplication,
    });
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The topics could not be made on ${settings.brokers.join(", ")} (${faultOf(error).text}): check KAFKA_BROKERS, that these brokers run, and how to log in there (KAFKA_TLS, KAFKA_SASL)`,
      { cause: error },
    );
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
