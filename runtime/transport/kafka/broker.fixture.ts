/** The broker of the tests, transports on it whose consumers can be held, and an administrator's look from outside. */
import { afterEach, beforeAll, setDefaultTimeout } from "bun:test";
import type { Admin } from "kafkajs";
import type { SecuredKafka } from "../../../tests/provision/external-kafka.ts";
import { sharedKafka } from "../../../tests/provision/shared-kafka.ts";
import type { LogLevel } from "../../log.ts";
import type { Envelope } from "../../messages/envelope.ts";
import { systemRandom } from "../../random.ts";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { createKafkaTransport } from "../kafka.ts";
import type { Transport, UnreadableRecord } from "../port.ts";
import { type KafkaSettings, type KafkaTimeouts, kafkaClients } from "./client.ts";
import { createTopics } from "./topics.ts";

/** On a machine that has other work to do. */
export const SOON_MS = 30_000;

export interface OpenOptions {
  readonly settings?: Partial<KafkaSettings>;
  readonly sends?: readonly string[];
  /** By the consumer's name. */
  readonly consumes?: Readonly<Record<string, readonly string[]>>;
  /** Whether the consumer settles what it is given; all of it when left out. */
  readonly deliver?: (message: Envelope) => Promise<void>;
  readonly timeouts?: Partial<KafkaTimeouts>;
}

export interface OpenTransport {
  readonly transport: Transport;
  /** The latest one of each part. */
  readonly conditions: Map<string, string | null>;
  readonly logged: Logged[];
  readonly given: Envelope[];
  readonly unreadable: UnreadableRecord[];
}

export interface Logged {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Broker {
  readonly kafka: SecuredKafka;
  settings(): KafkaSettings;
  /** Starts a transport, which stops after the test. */
  open(options: OpenOptions): Promise<OpenTransport>;
  administer<T>(act: (admin: Admin) => Promise<T>): Promise<T>;
  /** A topic that no other test uses. */
  topic(partitions?: number): Promise<string>;
  /** All that is in a topic, as `key sequence`, in order for each key. */
  written(topic: string): Promise<readonly string[]>;
}

let topics = 0;
export const newTopic = () => `topic-${++topics}`;

export const envelope = (topic: string, key: string, sequence: number, data = "{}"): Envelope => ({
  topic,
  key,
  sequence,
  type: "T",
  producer: "tests",
  timeMs: 0,
  causationId: "c",
  correlationId: "c",
  data,
});

/** It serves before each test, whatever the one before has done to it. */
export function testBroker(): Broker {
  setDefaultTimeout(90_000);
  const opened: Transport[] = [];
  let started: SecuredKafka | undefined;
  beforeAll(async () => {
    started = await sharedKafka();
  }, 120_000);
  afterEach(async () => {
    for (const node of started?.nodes ?? []) {
      node.thaw();
      await node.start();
    }
    await Promise.all(opened.splice(0).map((each) => each.stop()));
  });

  const broker: Broker = {
    get kafka() {
      if (!started) throw new Error("the broker is not started yet");
      return started;
    },
    settings: () => ({ brokers: broker.kafka.brokers, clientId: "tests", prefix: "tests.", tls: null, sasl: null }),
    async open({ settings = {}, sends = [], consumes = {}, deliver = async () => undefined, timeouts = {} }) {
      const conditions = new Map<string, string | null>();
      const logged: Logged[] = [];
      const given: Envelope[] = [];
      const unreadable: UnreadableRecord[] = [];
      const transport = createKafkaTransport({
        settings: { ...broker.settings(), ...settings },
        sends,
        scheduler: systemScheduler,
        random: systemRandom(),
        log: (level, event, fields) => logged.push({ level, event, fields }),
        condition: (part, problem) => conditions.set(part, problem),
        timeouts,
      });
      opened.push(transport);
      for (const [consumer, consumed] of Object.entries(consumes))
        transport.subscribe({
          consumer,
          topics: consumed,
          deliver(message) {
            given.push(message);
            return deliver(message).then(() => undefined);
          },
          waiting: () => 0,
          reject: async (record) => void unreadable.push(record),
        });
      await transport.start();
      return { transport, conditions, logged, given, unreadable };
    },
    async administer(act) {
      const admin = kafkaClients(broker.settings()).admin();
      try {
        await admin.connect();
        return await act(admin);
      } finally {
        await admin.disconnect();
      }
    },
    async topic(partitions = 1) {
      const topic = newTopic();
      await broker.administer((admin) => createTopics(admin, [`tests.${topic}`], { partitions, replication: null }));
      return topic;
    },
    async written(topic) {
      const ends = await broker.administer((admin) => admin.fetchTopicOffsets(`tests.${topic}`));
      const count = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
      const { transport, given } = await broker.open({ consumes: { [crypto.randomUUID()]: [topic] } });
      await until(`${count} records of ${topic} are read`, () => given.length >= count, SOON_MS);
      await transport.stop();
      return given.map(({ key, sequence }) => `${key} ${sequence}`);
    },
  };
  return broker;
}

/** Resolves when all parts work. */
export const ready = ({ conditions }: OpenTransport) =>
  until("all parts work", () => [...conditions.values()].every((problem) => problem === null), SOON_MS);
