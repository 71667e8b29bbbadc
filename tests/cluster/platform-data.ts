/** A database, topics and keys for one platform, empty: what prepares them is what is looked at. */
import { QUICK_PAYMENTS } from "../faults/single-arena.ts";
import { makeExternalData } from "../journeys/external-data.ts";
import type { Environment } from "../journeys/process.ts";
import type { TopologyServers } from "../provision/topology-servers.ts";

export interface PlatformData {
  readonly url: string;
  readonly dataDir: string;
  /** What each process is started with, in place of what only AWS has. */
  readonly settings: Environment;
  /** The same for a process that has the database and nothing else. */
  readonly withoutServers: Environment;
  remove(): Promise<void>;
}

/** Makes it on servers that are started where they are not there yet. */
export async function makePlatformData(servers: TopologyServers): Promise<PlatformData> {
  const { DATABASE_URL, KAFKA_BROKERS, REDIS_URL } = await servers.settingsFor(["postgres", "redis", "kafka"]);
  if (!DATABASE_URL || !KAFKA_BROKERS || !REDIS_URL) throw new Error("a server of the platform is missing");
  const quiet = { ...QUICK_PAYMENTS, LOG_LEVEL: "warn" };
  const { url, dataDir, settings, remove } = await makeExternalData(DATABASE_URL, quiet, { migrated: false });
  return {
    ...{ url, dataDir, remove },
    withoutServers: settings,
    settings: {
      ...settings,
      REDIS_URL,
      KAFKA_BROKERS,
      KAFKA_PREFIX: `cluster-${crypto.randomUUID().slice(0, 8)}.`,
    },
  };
}
