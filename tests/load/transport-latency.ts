/** What the platform's transport takes for one message, in process and over Kafka, and a call takes without it. */
import type { Envelope } from "../../runtime/messages/envelope.ts";
import { systemRandom } from "../../runtime/random.ts";
import { systemScheduler } from "../../runtime/scheduler.ts";
import { createInProcessTransport } from "../../runtime/transport/inprocess.ts";
import { kafkaClients } from "../../runtime/transport/kafka/client.ts";
import { createKafkaTransport } from "../../runtime/transport/kafka.ts";
import type { Subscription, Transport } from "../../runtime/transport/port.ts";
import { benchClient, MESSAGE_DATA, makeTopic } from "./broker-latency.ts";
import { type Arrivals, createArrivals, hopOf, timeHops } from "./hop-times.ts";
import type { Latency } from "./latency.ts";

/** A message in process takes less than a µs: so many are enough, and more are not kept. */
const MOST_CALLS = 200_000;

/** Times from `publish` until the subscriber is called, in process: there, `publish` resolves after it. */
export async function measureInProcessTransport(durationMs: number): Promise<Latency> {
  const transport = createInProcessTransport();
  return throughTransport(transport, "bench", async ({ publish, calledAtMs }) => {
    const hop = async () => {
      const startMs = performance.now();
      await publish();
      return calledAtMs() - startMs;
    };
    return timeHops(hop, durationMs, MOST_CALLS);
  });
}

/** The same without a transport: the subscriber is called. */
export async function measureCall(durationMs: number): Promise<Latency> {
  let calledAtMs = 0;
  const deliver: Subscription["deliver"] = async () => {
    calledAtMs = performance.now();
  };
  let sequence = 0;
  const hop = async () => {
    const startMs = performance.now();
    await deliver(messageTo("bench", ++sequence));
    return calledAtMs - startMs;
  };
  return timeHops(hop, durationMs, MOST_CALLS);
}

/** Times from `publish` until the subscriber is called, over brokers, on a topic of one partition as the bare thing's. */
export async function measureKafkaTransport(brokers: readonly string[], durationMs: number): Promise<Latency> {
  const settings = benchClient(brokers);
  const topic = await makeTopic(kafkaClients(settings));
  const transport = createKafkaTransport({
    settings,
    sends: [topic],
    scheduler: systemScheduler,
    random: systemRandom(),
    log: () => undefined,
    condition: () => undefined,
  });
  return throughTransport(transport, topic, async ({ publish, arrivals }) => {
    const hop = () => hopOf(publish, arrivals);
    // The consumer joins its group meanwhile.
    await hop();
    return timeHops(hop, durationMs);
  });
}

interface OpenTransport {
  readonly publish: () => Promise<unknown>;
  /** When the subscriber was last called. */
  readonly calledAtMs: () => number;
  readonly arrivals: Arrivals;
}

async function throughTransport<T>(
  transport: Transport,
  topic: string,
  use: (open: OpenTransport) => Promise<T>,
): Promise<T> {
  const arrivals = createArrivals();
  let calledAtMs = 0;
  transport.subscribe({
    consumer: topic,
    topics: [topic],
    async deliver() {
      calledAtMs = performance.now();
      arrivals.arrived();
    },
    waiting: () => 0,
    reject: ({ reason }) => Promise.reject(new Error(`the benchmark's message came damaged: ${reason}`)),
  });
  await transport.start();
  let sequence = 0;
  try {
    return await use({
      publish: () => transport.publish(messageTo(topic, ++sequence)),
      calledAtMs: () => calledAtMs,
      arrivals,
    });
  } finally {
    await transport.stop();
  }
}

const messageTo = (topic: string, sequence: number): Envelope => ({
  topic,
  key: "one",
  sequence,
  type: "Benched",
  producer: "bench",
  timeMs: Date.now(),
  causationId: "bench",
  correlationId: "bench",
  data: MESSAGE_DATA,
});
