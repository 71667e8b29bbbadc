/** The brokers' part of a process's configuration, as the transport takes it. Files are read here. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { PlatformConfig } from "../../config/settings.ts";
import { StartError } from "../../start-error.ts";
import type { KafkaLogin, KafkaSettings } from "./client.ts";

/** Throws a `StartError` when a file that is named cannot be read. */
export function kafkaSettingsOf(config: PlatformConfig<string>, clientId: string): KafkaSettings {
  const { kafkaBrokers, kafkaTls, kafkaCaFile } = config;
  if (kafkaBrokers === null) throw new StartError("No brokers: set KAFKA_BROKERS.");
  return {
    brokers: kafkaBrokers,
    clientId,
    prefix: config.kafkaPrefix,
    tls: kafkaTls ? { ca: kafkaCaFile === null ? null : readNamed("KAFKA_CA_FILE", kafkaCaFile) } : null,
    sasl: loginOf(config),
  };
}

function loginOf(config: PlatformConfig<string>): KafkaLogin | null {
  const { kafkaSasl, kafkaUsername, kafkaPassword, kafkaTokenFile, kafkaRenewBeforeMs } = config;
  if (kafkaSasl === "none") return null;
  // The configuration's own rules have asked for these.
  if (kafkaSasl !== "oauthbearer")
    return { mechanism: kafkaSasl, username: kafkaUsername ?? "", password: kafkaPassword ?? "" };
  const file = kafkaTokenFile ?? "";
  if (!existsSync(file)) throw new StartError(`KAFKA_TOKEN_FILE is ${file}, which is not there`);
  return {
    mechanism: kafkaSasl,
    token: async () => (await readFile(file, "utf8")).trim(),
    renewBeforeMs: kafkaRenewBeforeMs,
  };
}

function readNamed(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`${setting} is ${file}, which cannot be read`, { cause: error });
  }
}
