/** What the brokers take for one message, with nothing of the platform around it: the floor under each hop of an order. */
import type { Consumer, Producer } from "kafkajs";
import { type KafkaClients, type KafkaSettings, kafkaClients } from "../../runtime/transport/kafka/client.ts";
import { createTopics } from "../../runtime/transport/kafka/topics.ts";
import { median } from "./latency.ts";

const FEWEST = 20;
const ARRIVAL_TIMEOUT_MS = 30_000;
const JOIN_ATTEMPTS = 5;
/** As long as a message between modules. */
const VALUE = JSON.stringify({ text: "x".repeat(400) });

/** How a benchmark comes to brokers of its own. */
export const benchClient = (brokers: readonly string[]): KafkaSettings => ({
  brokers,
  clientId: "genai-demo-bench",
  prefix: "",
  tls: null,
  sasl: null,
});

/**
 * p50 in ms from publishing a message until its handler is called, one message at a time, in one process and so by one
 * clock; the broker has acknowledged each before the next is sent. The clients are set as the transport's are, and the
 * topic has one partition: the client's work on each further one is no part of the floor.
 */
export async function measureHandleMs(brokers: readonly string[], durationMs: number): Promise<number> {
  const topic = `bench-${crypto.randomUUID()}`;
  const clients = kafkaClients(benchClient(brokers));
  await makeTopic(clients, topic);
  const producer = clients.producer();
  const { consumer, handled } = await startHandler(clients, topic);
  try {
    await producer.connect();
    // Whoever joins a group has its partitions only when a first message comes through.
    await hop(producer, topic, handled);
    const timesMs: number[] = [];
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) timesMs.push(await hop(producer, topic, handled));
    if (timesMs.length < FEWEST)
      throw new Error(`only ${timesMs.length} messages in ${durationMs} ms: too few to measure one`);
    return median(timesMs.slice(Math.floor(timesMs.length / 10)));
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()]);
  }
}

type NextHandled = () => Promise<number>;

async function hop(producer: Producer, topic: string, handled: NextHandled): Promise<number> {
  const arrival = handled();
  const startMs = performance.now();
  await producer.send({ topic, acks: -1, messages: [{ key: "one", value: VALUE }] });
  return (await arrival) - startMs;
}

/** What `handled` gives resolves with when the next message was handed over. */
async function startHandler(clients: KafkaClients, topic: string) {
  let next: PromiseWithResolvers<number> | undefined;
  const consumer = await join(clients, topic, async () => next?.resolve(performance.now()));
  const handled: NextHandled = async () => {
    next = Promise.withResolvers();
    const late = setTimeout(
      () => next?.reject(new Error(`a message did not arrive in ${ARRIVAL_TIMEOUT_MS} ms`)),
      ARRIVAL_TIMEOUT_MS,
    );
    return next.promise.finally(() => clearTimeout(late));
  };
  return { consumer, handled };
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

async function makeTopic(clients: KafkaClients, topic: string): Promise<void> {
  const admin = clients.admin();
  await admin.connect();
  await createTopics(admin, [topic], { partitions: 1, replication: 1 }).finally(() => admin.disconnect());
}
