import { afterEach, expect, test } from "bun:test";
import { KafkaJSProtocolError, type Producer, type ProducerBatch } from "kafkajs";
import type { Envelope } from "../../messages/envelope.ts";
import { seededRandom } from "../../random.ts";
import { systemScheduler } from "../../scheduler.ts";
import { until } from "../../until.fixture.ts";
import { createPublisher, type Publisher } from "./publisher.ts";

const envelope = (topic: string, key: string, sequence: number, data = "{}"): Envelope => ({
  topic,
  key,
  sequence,
  type: "T",
  producer: "tally",
  timeMs: 0,
  causationId: "c",
  correlationId: "c",
  data,
});
const broker = (type: string) =>
  new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable: false }));

/** A broker in memory: `refuse` may throw for a send; what it takes is in `log`. */
function openBroker(refuse: (batch: ProducerBatch, producer: number) => Promise<void> | void = () => undefined) {
  const log: string[] = [];
  const conditions: (string | null)[] = [];
  const sizes: number[] = [];
  let producers = 0;
  let sending = 0;
  const makeProducer = () => {
    const id = ++producers;
    let connected = false;
    const producer: Pick<Producer, "connect" | "disconnect" | "sendBatch"> = {
      async connect() {
        await systemScheduler.sleep(1);
        connected = true;
      },
      async disconnect() {
        connected = false;
      },
      async sendBatch(batch) {
        if (!connected) throw new Error("not connected");
        expect(++sending).toBe(1);
        try {
          await systemScheduler.sleep(1);
          await refuse(batch, id);
          const sent = (batch.topicMessages ?? []).flatMap(({ topic, messages }) =>
            messages.map(({ key, headers }) => `${topic} ${key} ${headers?.["ce_sequence"]}`),
          );
          sizes.push(sent.length);
          log.push(...sent);
          return [];
        } finally {
          sending--;
        }
      },
    };
    // The publisher uses no more of it.
    return producer as Producer;
  };
  const publisher = createPublisher({
    makeProducer,
    scheduler: systemScheduler,
    random: seededRandom(1),
    log: () => undefined,
    condition: (problem) => conditions.push(problem),
  });
  open.push(publisher);
  publisher.start();
  return { publisher, log, conditions, sizes, producers: () => producers };
}

const open: Publisher[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((publisher) => publisher.stop(100)));
});

test("what queues while a send is in flight is the next one, in order", async () => {
  const { publisher, log, sizes } = openBroker();
  const messages = Array.from({ length: 500 }, (_, index) => envelope("a", `k${index % 7}`, Math.floor(index / 7) + 1));
  await Promise.all(messages.map((message) => publisher.publish("a", message)));
  expect(log).toEqual(messages.map(({ topic, key, sequence }) => `${topic} ${key} ${sequence}`));
  expect(sizes.length).toBeLessThan(8);
  expect(Math.max(...sizes)).toBe(200);
});

test("after any error the producer is dropped, and a new one sends the same batch before anything else", async () => {
  let failures = 3;
  const { publisher, log, conditions, producers } = openBroker(() => {
    if (failures-- > 0) throw new Error("the connection broke");
  });
  const first = publisher.publish("a", envelope("a", "k", 1));
  await until("a send has failed", () => failures < 3);
  await Promise.all([first, publisher.publish("a", envelope("a", "k", 2))]);
  expect(log).toEqual(["a k 1", "a k 2"]);
  expect(producers()).toBe(4);
  expect(conditions.at(-1)).toBeNull();
  expect(conditions.some((problem) => problem?.includes("the connection broke"))).toBe(true);
});

test("a topic that is not there holds up its own messages alone, and goes on when it is there", async () => {
  let isThere = false;
  const { publisher, log, conditions } = openBroker(({ topicMessages = [] }) => {
    if (!isThere && topicMessages.some(({ topic }) => topic === "missing")) throw broker("UNKNOWN_TOPIC_OR_PARTITION");
  });
  const stuck = publisher.publish("missing", envelope("missing", "k", 1));
  for (let sequence = 1; sequence <= 20; sequence++) await publisher.publish("a", envelope("a", "k", sequence));
  expect(log).toHaveLength(20);
  expect(conditions.some((problem) => problem?.includes("the topic missing takes no messages"))).toBe(true);
  isThere = true;
  await stuck;
  expect(log).toHaveLength(21);
});

test("a message that the brokers refuse is found among others and given back; the others go on", async () => {
  const { publisher, log } = openBroker(({ topicMessages = [] }) => {
    if (topicMessages.some(({ messages }) => messages.some(({ value }) => value === '"big"')))
      throw broker("MESSAGE_TOO_LARGE");
  });
  const settled = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      publisher.publish("a", envelope("a", `k${index}`, 1, index === 33 ? '"big"' : "{}")),
    ),
  );
  expect(settled.flatMap((each, index) => (each.status === "rejected" ? [[index, String(each.reason)]] : []))).toEqual([
    [33, "Error: the brokers refuse it: MESSAGE_TOO_LARGE, MESSAGE_TOO_LARGE (raise the brokers' message.max.bytes)"],
  ]);
  expect(new Set(log).size).toBe(49);
});

test("large messages do not share a send", async () => {
  const { publisher, sizes } = openBroker();
  const data = JSON.stringify("x".repeat(300_000));
  await Promise.all([1, 2, 3].map((sequence) => publisher.publish("a", envelope("a", "k", sequence, data))));
  expect(sizes).toEqual([1, 1, 1]);
});

test("a stop ends the send under way, and confirms nothing more", async () => {
  const { promise: hung, resolve: release } = Promise.withResolvers<void>();
  const { publisher, log } = openBroker(() => hung);
  let confirmed = 0;
  void publisher.publish("a", envelope("a", "k", 1)).then(() => confirmed++);
  await systemScheduler.sleep(20);
  void publisher.publish("a", envelope("a", "k", 2)).then(() => confirmed++);
  const stopping = publisher.stop(2000);
  release();
  await stopping;
  await systemScheduler.sleep(20);
  expect([log, confirmed]).toEqual([["a k 1"], 1]);
});

test("a stop does not wait for ever for brokers that do not answer", async () => {
  const { publisher } = openBroker(() => new Promise(() => undefined));
  void publisher.publish("a", envelope("a", "k", 1));
  await systemScheduler.sleep(20);
  await publisher.stop(50);
});
