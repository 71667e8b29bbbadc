/** What the brokers take for one message, with nothing of the platform around it: the floor under each hop of an order. */
import type { Consumer } from "kafkajs";
import { type KafkaClients, type KafkaSettings, kafkaClients } from "../../runtime/transport/kafka/client.ts";
import { createTopics } from "../../runtime/transport/kafka/topics.ts";
import { createArrivals, hopOf, timeHops } from "./hop-times.ts";
import type { Latency } from "./latency.ts";

const JOIN_ATTEMPTS = 5;
/** As long as a message between modules. */
export const MESSAGE_DATA = JSON.stringify({ text: "x".repeat(400) });

/** How a benchmark comes to brokers of its own. */
export const benchClient = (brokers: readonly string[]): KafkaSettings => ({
  brokers,
  clientId: "genai-demo-bench",
  prefix: "",
  tls: null,
  sasl: null,
});

/**
 * Times from publishing a message until its handler is called, one message at a time, in one process and so by one
 * clock; the broker has acknowledged each before the next is sent. The clients are set as the transport's are, and the
 * topic has one partition: the client's work on each further one is no part of the floor.
 */
export async function measureHandle(brokers: readonly string[], durationMs: number): Promise<Latency> {
  const clients = kafkaClients(benchClient(brokers));
  const topic = await makeTopic(clients);
  const producer = clients.producer();
  const arrivals = createArrivals();
  const consumer = await join(clients, topic, async () => arrivals.arrived());
  const hop = () =>
    hopOf(() => producer.send({ topic, acks: -1, messages: [{ key: "one", value: MESSAGE_DATA }] }), arrivals);
  try {
    await producer.connect();
    // Whoever joins a group has its partitions only when a first message comes through.
    await hop();
    return await timeHops(hop, durationMs);
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
  }
}

/** A consumer that is in its group. Brokers that have just started may refuse the first: it is given up, as elsewhere. */
async function join(clients: KafkaClients, topic: string, eachBatch: () => Promise<void>): Promise<Consumer> {
  for (let attempt = 1; ; attempt++) {
    const consumer = clients.consumer(topic);
    const { promise: joined, resolve, reject } = Promise.withResolvers<void>();
    // It may be refused before anybody waits for it.
    joined.catch(() => undefined);
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch });
      await joined;
      return consumer;
    } catch (error) {
      await consumer.disconnect().catch(() => undefined);
      if (attempt === JOIN_ATTEMPTS) throw error;
    }
  }
}

/** A new topic of one partition. */
export async function makeTopic(clients: KafkaClients): Promise<string> {
  const topic = `bench-${crypto.randomUUID()}`;
  const admin = clients.admin();
  await admin.connect();
  await createTopics(admin, [topic], { partitions: 1, replication: 1 }).finally(() => admin.disconnect());
  return topic;
}
