/** The brokers' part of a process's configuration, as the transport takes it. Files are read here. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { readSettingFile } from "../../config/setting-file.ts";
import type { PlatformConfig } from "../../config/settings.ts";
import { secret } from "../../secret.ts";
import { StartError } from "../../start-error.ts";
import type { KafkaLogin, KafkaSettings } from "./client.ts";

/** `iamToken`: for KAFKA_SASL=iam. Throws a `StartError` when a file that is named cannot be read. */
export function kafkaSettingsOf(
  config: PlatformConfig<string>,
  clientId: string,
  iamToken: (() => Promise<string>) | undefined,
): KafkaSettings {
  const { kafkaBrokers, kafkaTls, kafkaCaFile } = config;
  if (kafkaBrokers === null) throw new StartError("No brokers: set KAFKA_BROKERS.");
  return {
    brokers: kafkaBrokers,
    clientId,
    prefix: config.kafkaPrefix,
    tls: kafkaTls ? { ca: kafkaCaFile === null ? null : readSettingFile("KAFKA_CA_FILE", kafkaCaFile) } : null,
    sasl: loginOf(config, iamToken),
  };
}

function loginOf(config: PlatformConfig<string>, iamToken: (() => Promise<string>) | undefined): KafkaLogin | null {
  const { kafkaSasl, kafkaUsername, kafkaPassword, kafkaTokenFile, kafkaRenewBeforeMs } = config;
  if (kafkaSasl === "none") return null;
  if (kafkaSasl === "iam") {
    if (iamToken === undefined) throw new StartError("KAFKA_SASL=iam has no credentials to sign with.");
    return {
      mechanism: "oauthbearer",
      source: "this process's role",
      token: iamToken,
      renewBeforeMs: kafkaRenewBeforeMs,
    };
  }
  // The configuration's own rules have asked for these.
  if (kafkaSasl !== "oauthbearer")
    return { mechanism: kafkaSasl, username: kafkaUsername ?? "", password: kafkaPassword ?? secret("") };
  const file = kafkaTokenFile ?? "";
  if (!existsSync(file)) throw new StartError(`KAFKA_TOKEN_FILE is ${file}, which is not there`);
  return {
    mechanism: kafkaSasl,
    source: "KAFKA_TOKEN_FILE",
    token: async () => (await readFile(file, "utf8")).trim(),
    renewBeforeMs: kafkaRenewBeforeMs,
  };
}
