/** Makes clients of kafkajs with the settings that hold on a real broker. Nothing else builds one. */
import { type Admin, type Consumer, Kafka, type KafkaConfig, logLevel, type Producer, type SASLOptions } from "kafkajs";
import { leaveOutEmptyBatches } from "./empty-batches.ts";
import { guardIdleLoop } from "./idle-guard.ts";

export interface KafkaSettings {
  /** `host:port`, of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Before the names of topics and consumer groups; empty where the brokers are for this platform alone. */
  readonly prefix: string;
  /** Null: plain text. `ca`: PEM of the authorities to trust, null for the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: KafkaLogin | null;
}

export type KafkaLogin =
  | {
      readonly mechanism: "scram-sha-256" | "scram-sha-512";
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: "oauthbearer";
      /** A token that is good for a while; asked for at each authentication, and before a session's end. */
      readonly token: () => Promise<string>;
      /** How long before the end of the broker's session it is renewed; less than that session lasts. */
      readonly renewBeforeMs: number;
    };

export interface KafkaClients {
  /** A producer that is sent to by one caller at a time, and dropped on any error. */
  producer(): Producer;
  consumer(group: string): Consumer;
  admin(): Admin;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const AUTHENTICATION_TIMEOUT_MS = 10_000;
/** A frozen broker is given up then; longer than a loaded one takes. */
const REQUEST_TIMEOUT_MS = 15_000;

/** A member that is killed is missed after this; a heartbeat comes each `HEARTBEAT_MS`. */
export const SESSION_MS = 6_000;
export const HEARTBEAT_MS = 1_000;

export function kafkaClients(settings: KafkaSettings): KafkaClients {
  guardIdleLoop();
  leaveOutEmptyBatches();
  const { brokers } = settings;
  // kafkajs changes the object that it is given: each client gets one of its own.
  const open = (retry: KafkaConfig["retry"]) =>
    new Kafka({
      clientId: settings.clientId,
      brokers: [...brokers],
      ...(settings.tls === null ? {} : { ssl: settings.tls.ca === null ? true : { ca: [settings.tls.ca] } }),
      ...(settings.sasl === null ? {} : { sasl: saslOf(settings.sasl) }),
      ...(settings.sasl?.mechanism === "oauthbearer" ? { reauthenticationThreshold: settings.sasl.renewBeforeMs } : {}),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      authenticationTimeout: AUTHENTICATION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      ...(retry ? { retry } : {}),
      // What goes wrong reaches its user as an error or an event, and is told there, once.
      logLevel: logLevel.NOTHING,
    });
  // Enough to find a broker that lives; what goes on for longer is tried again by who uses it, with a new client.
  const brief = { initialRetryTime: 50, maxRetryTime: 500, retries: brokers.length + 1 };
  const patient = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 30 };
  return {
    producer: () =>
      open(brief).producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, retry: brief }),
    consumer: (group) =>
      open(patient).consumer({
        groupId: group,
        sessionTimeout: SESSION_MS,
        heartbeatInterval: HEARTBEAT_MS,
        rebalanceTimeout: 20_000,
        maxWaitTimeInMs: 500,
        minBytes: 1,
        allowAutoTopicCreation: false,
        retry: patient,
      }),
    admin: () => open(brief).admin({ retry: brief }),
  };
}

function saslOf(login: KafkaLogin): SASLOptions {
  if (login.mechanism !== "oauthbearer") {
    const { mechanism, username, password } = login;
    return { mechanism, username, password };
  }
  return { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: await login.token() }) };
}
