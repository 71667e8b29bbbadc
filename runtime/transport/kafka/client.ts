/** Makes clients of kafkajs with the settings that hold on a real broker. Nothing else builds one. */

import {
  type Admin,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Mechanism,
  type Producer,
  type SASLOptions,
} from "kafkajs";
import type { Secret } from "../../secret.ts";
import { bearerLogin } from "./bearer-login.ts";
import { type GroupConsumer, groupConsumer } from "./departed-member.ts";
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
      readonly password: Secret;
    }
  | {
      readonly mechanism: "oauthbearer";
      /** Where the token comes from, for whom it is refused: the setting to see to. */
      readonly source: string;
      /** A token that is good for a while; asked for at each authentication, and before a session's end. */
      readonly token: () => Promise<string>;
      /** How long before the end of the broker's session it is renewed; less than that session lasts. */
      readonly renewBeforeMs: number;
    };

export interface KafkaClients {
  /** A producer that is sent to by one caller at a time, and dropped on any error. */
  producer(): Producer;
  consumer(group: string): GroupConsumer;
  admin(): Admin;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const AUTHENTICATION_TIMEOUT_MS = 10_000;

/** A member that is killed is missed after this; a heartbeat comes each `HEARTBEAT_MS`. */
export const SESSION_MS = 6_000;
export const HEARTBEAT_MS = 1_000;

export interface KafkaTimeouts {
  /** A frozen broker is given up then; longer than a loaded one takes. */
  readonly requestMs: number;
  readonly sessionMs: number;
  /** A group that gathers anew waits for a member that lives no longer than that. */
  readonly rebalanceMs: number;
}

const TIMEOUTS: KafkaTimeouts = { requestMs: 15_000, sessionMs: SESSION_MS, rebalanceMs: 20_000 };

/** `timeouts` go over those that hold on a real broker. */
export function kafkaClients(settings: KafkaSettings, timeouts: Partial<KafkaTimeouts> = {}): KafkaClients {
  guardIdleLoop();
  leaveOutEmptyBatches();
  const { requestMs, sessionMs, rebalanceMs } = { ...TIMEOUTS, ...timeouts };
  const { brokers } = settings;
  let opened = 0;
  /** kafkajs begins with the first broker, and goes on asking one that takes connections and does not answer. */
  function nextFirst(): string[] {
    const first = opened++ % brokers.length;
    return [...brokers.slice(first), ...brokers.slice(0, first)];
  }
  // kafkajs changes the object that it is given: each client gets one of its own.
  const open = (retry: KafkaConfig["retry"]) =>
    new Kafka({
      clientId: settings.clientId,
      brokers: nextFirst(),
      ...(settings.tls === null ? {} : { ssl: settings.tls.ca === null ? true : { ca: [settings.tls.ca] } }),
      ...(settings.sasl === null ? {} : { sasl: saslOf(settings.sasl) }),
      ...(settings.sasl?.mechanism === "oauthbearer" ? { reauthenticationThreshold: settings.sasl.renewBeforeMs } : {}),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      authenticationTimeout: AUTHENTICATION_TIMEOUT_MS,
      requestTimeout: requestMs,
      ...(retry ? { retry } : {}),
      // What goes wrong reaches its user as an error or an event, and is told there, once.
      logLevel: logLevel.NOTHING,
    });
  // Whatever fails is tried again by who uses it, with a new client; kafkajs insists on one retry of its own.
  const once = { initialRetryTime: 50, maxRetryTime: 500, retries: 1 };
  // Enough to find a broker that lives.
  const brief = { initialRetryTime: 50, maxRetryTime: 500, retries: brokers.length + 1 };
  // Over a broker that is replaced by others. One that is away for longer is told, and met with a new consumer.
  const steady = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 8 };
  return {
    producer: () =>
      open(once).producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, retry: once }),
    consumer: (group) =>
      groupConsumer(
        {
          groupId: group,
          sessionTimeout: sessionMs,
          heartbeatInterval: HEARTBEAT_MS,
          rebalanceTimeout: rebalanceMs,
          maxWaitTimeInMs: 500,
          minBytes: 1,
          allowAutoTopicCreation: false,
          // It would also start again after it was stopped.
          retry: { ...steady, restartOnFailure: async () => false },
        },
        (config) => open(steady).consumer(config),
      ),
    admin() {
      const admin = open(brief).admin({ retry: brief });
      const hung = new Promise<never>((_resolve, reject) => {
        admin.on(admin.events.REQUEST_TIMEOUT, ({ payload: { broker } }) =>
          reject(new Error(`${broker} does not answer`)),
        );
      });
      return { ...admin, connect: () => Promise.race([admin.connect(), hung]) };
    },
  };
}

function saslOf(login: KafkaLogin): SASLOptions | Mechanism {
  if (login.mechanism === "oauthbearer") return bearerLogin(login.token, login.source);
  const { mechanism, username, password } = login;
  const scram: SASLOptions = { mechanism, username, password: password.open() };
  return scram;
}
