/**
 * The servers that the topologies run on: each the one that its variable names, else one of our own. Started when it is
 * first asked for, shared by everything that asks afterwards, stopped at the end.
 */
import { startExternalKafka } from "./external-kafka.ts";
import { startExternalPostgres } from "./external-postgres.ts";
import { startExternalRedis } from "./external-redis.ts";
import { type GivenVariable, givenServer } from "./given-servers.ts";

/** The variables that lead to the servers. */
export interface ServerSettings {
  readonly DATABASE_URL?: string;
  readonly REDIS_URL?: string;
  readonly KAFKA_BROKERS?: string;
}

export interface TopologyServers {
  /** What a process of such a topology needs. Throws `MissingTool` when something cannot be had, or why what is given cannot. */
  settingsFor(needs: readonly Server[]): Promise<ServerSettings>;
  stop(): Promise<void>;
}

export type Server = "postgres" | "redis" | "kafka";

interface Started {
  readonly settings: ServerSettings;
  readonly stop: () => Promise<void>;
}

const VARIABLES: Readonly<Record<Server, GivenVariable>> = {
  postgres: "DATABASE_URL",
  redis: "REDIS_URL",
  kafka: "KAFKA_BROKERS",
};

const ours: Readonly<Record<Server, () => Promise<Started>>> = {
  async postgres() {
    const { url, stop } = await startExternalPostgres();
    return { settings: { DATABASE_URL: url }, stop };
  },
  async redis() {
    const { url, stop } = await startExternalRedis();
    return { settings: { REDIS_URL: url }, stop };
  },
  async kafka() {
    const { brokers, stop } = await startExternalKafka();
    return { settings: { KAFKA_BROKERS: brokers.join(",") }, stop };
  },
};

async function startOrTake(server: Server): Promise<Started> {
  const given = await givenServer(VARIABLES[server]);
  return given === null ? ours[server]() : { settings: { [VARIABLES[server]]: given }, stop: async () => undefined };
}

export function openTopologyServers(): TopologyServers {
  const started = new Map<Server, Promise<Started>>();
  const start = (server: Server) => {
    const known = started.get(server) ?? startOrTake(server);
    started.set(server, known);
    return known;
  };
  return {
    async settingsFor(needs) {
      // One after the other: what is missing is told once, and what was started is stopped at the end.
      let settings: ServerSettings = {};
      for (const server of needs) settings = { ...settings, ...(await start(server)).settings };
      return settings;
    },
    async stop() {
      for (const server of await Promise.allSettled(started.values()))
        if (server.status === "fulfilled") await server.value.stop();
    },
  };
}
