import type { Secret } from "../secret.ts";
import { type ConfigFault, optional, type Settings, setting } from "./load.ts";
import { boolean, durationMs, hostList, integer, kafkaName, oneOf, secretOf, text } from "./parsers.ts";

const SECOND = 1000;

/** The brokers, and how to log in there. */
export const kafkaSettings = {
  kafkaBrokers: optional({
    env: "KAFKA_BROKERS",
    flag: "kafka-brokers",
    parser: hostList,
    parameter: { of: "shared", needed: "split" },
    description: "Some of the brokers, host:port separated by commas.",
  }),
  kafkaPrefix: setting({
    env: "KAFKA_PREFIX",
    parser: kafkaName,
    fallback: "",
    description: "Before the names of topics and consumer groups, for brokers that several platforms share.",
  }),
  kafkaTls: setting({
    env: "KAFKA_TLS",
    parser: boolean,
    fallback: false,
    description: "Encrypt, and check the brokers' certificates and names.",
  }),
  kafkaCaFile: optional({
    env: "KAFKA_CA_FILE",
    parser: text(4096),
    description: "PEM file of the authorities that signed the brokers' certificates. Default: the system's.",
  }),
  kafkaSasl: setting({
    env: "KAFKA_SASL",
    parser: oneOf("none", "scram-sha-256", "scram-sha-512", "oauthbearer", "iam"),
    fallback: "none" as const,
    description: "How this process logs in at the brokers. iam: with tokens of IAM, at MSK.",
  }),
  kafkaUsername: optional({
    env: "KAFKA_USERNAME",
    parser: text(255),
    description: "User for SCRAM.",
  }),
  kafkaPassword: optional({
    env: "KAFKA_PASSWORD",
    parser: secretOf(text(1000)),
    secret: true,
    parameter: { of: "shared", needed: "never" },
    description: "Password for SCRAM.",
  }),
  kafkaTokenFile: optional({
    env: "KAFKA_TOKEN_FILE",
    parser: text(4096),
    description: "File with the token for OAUTHBEARER; read anew at each login.",
  }),
  kafkaRenewBeforeMs: setting({
    env: "KAFKA_RENEW_BEFORE_MS",
    parser: durationMs(SECOND, 3600 * SECOND),
    fallback: 10 * SECOND,
    description:
      "How long before the end of the brokers' session OAUTHBEARER and iam log in again; less than it lasts.",
  }),
  kafkaPartitions: setting({
    env: "KAFKA_PARTITIONS",
    flag: "partitions",
    parser: integer(1, 1000),
    fallback: 12,
    description: "Partitions of each topic when it is made; fixed afterwards. At least the most replicas of a module.",
  }),
  kafkaReplication: optional({
    env: "KAFKA_REPLICATION",
    flag: "replication",
    parser: integer(1, 10),
    description: "Copies of each message when a topic is made. Default: as the brokers have it set.",
  }),
} satisfies Settings;

interface KafkaGiven {
  readonly kafkaBrokers: readonly string[] | null;
  readonly kafkaTls: boolean;
  readonly kafkaCaFile: string | null;
  readonly kafkaSasl: "none" | "scram-sha-256" | "scram-sha-512" | "oauthbearer" | "iam";
  readonly kafkaUsername: string | null;
  readonly kafkaPassword: Secret | null;
  readonly kafkaTokenFile: string | null;
}

/** What contradicts itself among the brokers' settings; `needed`: something here talks to the brokers. */
export function kafkaFaults(given: KafkaGiven, needed: boolean): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const missing = (env: string, advice: string) => faults.push({ setting: env, given: "not set", advice });
  if (needed && given.kafkaBrokers === null)
    missing("KAFKA_BROKERS", "set it to some of the brokers (host:port), or run --modules all --transport inprocess.");
  if (given.kafkaCaFile !== null && !given.kafkaTls)
    faults.push({ setting: "KAFKA_CA_FILE", given: given.kafkaCaFile, advice: "needs KAFKA_TLS=true." });
  if (given.kafkaSasl.startsWith("scram")) {
    if (given.kafkaUsername === null) missing("KAFKA_USERNAME", `KAFKA_SASL=${given.kafkaSasl} needs it.`);
    if (given.kafkaPassword === null) missing("KAFKA_PASSWORD", `KAFKA_SASL=${given.kafkaSasl} needs it.`);
  }
  if (given.kafkaSasl === "iam" && !given.kafkaTls)
    faults.push({ setting: "KAFKA_SASL", given: "iam", advice: "sends tokens: it needs KAFKA_TLS=true." });
  if (given.kafkaSasl === "oauthbearer" && given.kafkaTokenFile === null)
    missing("KAFKA_TOKEN_FILE", "KAFKA_SASL=oauthbearer needs it.");
  return faults;
}
