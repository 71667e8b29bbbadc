/** A Kafka client for tests of the broker itself: silent, and patient with a broker that is just coming up. */
import { type Admin, Kafka, type KafkaConfig, KafkaJSBrokerNotFound, logLevel } from "kafkajs";
import { guardIdleLoop } from "../../runtime/transport/kafka/idle-guard.ts";
import { until } from "../../runtime/until.fixture.ts";

export type ClientOptions = Omit<KafkaConfig, "brokers">;

const PATIENT = { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 };
const ARRIVAL_TIMEOUT_MS = 30_000;

/** Runs `use` with an administration client. */
export async function withAdmin<T>(
  brokers: readonly string[],
  use: (admin: Admin) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  const admin = client(brokers, options).admin();
  try {
    await admin.connect();
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Makes a topic of one partition; resolves when the partition has a leader. */
export async function createTopic(brokers: readonly string[], topic: string, replicationFactor = 1): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    // Waiting for leaders is done here: kafkajs now and then asks a broker that does not know the topic yet, and fails.
    const topics = [{ topic, numPartitions: 1, replicationFactor }];
    await until(`topic ${topic} is made`, () =>
      admin.createTopics({ topics, waitForLeaders: false }).then(
        () => true,
        (error: unknown) => {
          // One of several brokers that has just started may not have heard who leads them.
          if (error instanceof KafkaJSBrokerNotFound) return false;
          throw error;
        },
      ),
    );
    await until(`topic ${topic} has a leader`, async () => {
      const metadata = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      return (metadata?.topics[0]?.partitions[0]?.leader ?? -1) >= 0;
    });
  });
}

/** Sends the values in order; resolves when every replica in sync has them. */
export async function send(
  brokers: readonly string[],
  topic: string,
  values: readonly string[],
  options: ClientOptions = {},
): Promise<void> {
  const producer = client(brokers, options).producer();
  try {
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
  } finally {
    await producer.disconnect();
  }
}

/** The first `count` messages of a topic. */
export async function receive(brokers: readonly string[], topic: string, count: number): Promise<string[]> {
  const consumer = client(brokers, {}).consumer({ groupId: crypto.randomUUID(), maxWaitTimeInMs: 200 });
  const values: string[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value?.toString() ?? "");
      },
    });
    await until(`${count} messages arrive`, () => values.length >= count, ARRIVAL_TIMEOUT_MS);
    return values;
  } finally {
    await consumer.disconnect();
  }
}

function client(brokers: readonly string[], options: ClientOptions): Kafka {
  guardIdleLoop();
  return new Kafka({ retry: PATIENT, logLevel: logLevel.NOTHING, ...options, brokers: [...brokers] });
}
