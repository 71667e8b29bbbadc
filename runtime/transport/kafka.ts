/**
 * The transport over Kafka: one publisher for the process, one consumer group a module. How each part fails and who
 * tries again: kafka/publisher.ts, kafka/consumer.ts. Topics are never made here; one that is missing is named.
 */
import { createBackoff } from "../backoff.ts";
import { atMost } from "../deadline.ts";
import type { Log } from "../log.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { brokerNames } from "./kafka/broker-names.ts";
import {
  HEARTBEAT_MS,
  type KafkaClients,
  type KafkaSettings,
  type KafkaTimeouts,
  kafkaClients,
} from "./kafka/client.ts";
import { type SupervisedConsumer, superviseConsumer } from "./kafka/consumer.ts";
import { faultOf } from "./kafka/fault.ts";
import { createPublisher } from "./kafka/publisher.ts";
import { missingTopics } from "./kafka/topics.ts";
import { createTravelling } from "./kafka/travelling.ts";
import type { Subscription, Transport } from "./port.ts";

export interface KafkaTransportDeps {
  readonly settings: KafkaSettings;
  /** kafkajs's own where it is left out; a simulation gives its own. */
  readonly clients?: KafkaClients;
  /** Names of the topics that this process sends to. */
  readonly sends: readonly string[];
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly log: Log;
  /** Null while that part works with the brokers, else why it does not. `part`: topics, publisher, consumer MODULE. */
  readonly condition: (part: string, problem: string | null) => void;
  /** Records of one module in hand, at most. */
  readonly inHandLimit?: number;
  /** Over those that hold on a real broker. */
  readonly timeouts?: Partial<KafkaTimeouts>;
}

const IN_HAND = 2_000;
const IN_MEMORY = 50_000;
const COMMIT_EVERY_MS = 250;
const STOP_WITHIN_MS = 2_000;
const TOPICS_PAUSE = { firstMs: 500, mostMs: 2_000 };

export function createKafkaTransport(deps: KafkaTransportDeps): Transport {
  const { settings, scheduler, random, log } = deps;
  const clients = deps.clients ?? kafkaClients(settings, deps.timeouts);
  const subscriptions: Subscription[] = [];
  const consumers: SupervisedConsumer[] = [];
  let stopped = false;
  let isWanted = true;
  let isConsuming = false;
  let turn: Promise<void> = Promise.resolve();
  const { promise: stopping, resolve: endPause } = Promise.withResolvers<void>();
  const travelling = createTravelling({ makeAdmin: clients.admin });
  const publisher = createPublisher({
    makeProducer: clients.producer,
    scheduler,
    random,
    log,
    condition: (problem) => deps.condition("publisher", problem),
  });
  const { topic: onBroker, group: groupOf } = brokerNames(settings);
  const topicsOf = (consumer: string) =>
    subscriptions.filter((each) => each.consumer === consumer).flatMap((each) => each.topics);
  const never = new Promise<void>(() => undefined);

  let looking: Promise<void> | undefined;
  /** Consumers that wait for topics. */
  const waiting = new Set<string>();
  /** Resolves when the brokers have all topics; names those that they do not have. */
  function topicsThere(): Promise<void> {
    looking ??= lookForTopics().finally(() => {
      looking = undefined;
      waiting.clear();
    });
    return looking;
  }

  async function lookForTopics() {
    const topics = [...new Set([...deps.sends, ...subscriptions.flatMap((each) => each.topics)])].sort().map(onBroker);
    const backoff = createBackoff(random, TOPICS_PAUSE);
    let told: string | null = null;
    while (!stopped) {
      const problem = await topicsProblem(topics);
      if (stopped) return;
      deps.condition("topics", problem);
      if (problem === null) return;
      for (const consumer of waiting) deps.condition(`consumer ${consumer}`, `waits: ${problem}`);
      if (problem !== told) log("warn", "kafka.topics", { error: problem });
      told = problem;
      await Promise.race([scheduler.sleep(backoff.nextMs()), stopping]);
    }
  }

  async function topicsProblem(topics: readonly string[]): Promise<string | null> {
    const admin = clients.admin();
    try {
      await admin.connect();
      const missing = await missingTopics(admin, topics);
      if (missing.length === 0) return null;
      return `the brokers have no topic ${missing.join(", ")} that this client may see: run \`genai-demo topics\``;
    } catch (error) {
      return `no broker of ${settings.brokers.join(", ")} answers: ${faultOf(error).text}`;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  /** Starts or stops the consumers as was wished last: in turn, so that a stop has ended before the start that follows. */
  async function followWish() {
    if (stopped || isWanted === isConsuming) return;
    isConsuming = isWanted;
    if (isConsuming) {
      tellConsumers("is connecting");
      for (const consumer of consumers) consumer.start();
      return;
    }
    await Promise.all(consumers.map((consumer) => consumer.stop(STOP_WITHIN_MS)));
    waiting.clear();
    // They stand by, which is no reason not to take requests.
    tellConsumers(null);
  }

  function tellConsumers(problem: string | null) {
    for (const { consumer } of subscriptions) deps.condition(`consumer ${consumer}`, problem);
  }

  return {
    publish: (message) => (stopped ? never : publisher.publish(onBroker(message.topic), message)),
    subscribe(subscription) {
      subscriptions.push(subscription);
    },
    consume(isWished) {
      isWanted = isWished;
      // Before `start` there is nobody to follow.
      if (consumers.length > 0) turn = turn.then(followWish);
    },
    async start() {
      deps.condition("topics", "is connecting");
      deps.condition("publisher", "is connecting");
      tellConsumers(isWanted ? "is connecting" : null);
      for (const subscription of subscriptions)
        consumers.push(
          superviseConsumer(subscription, {
            makeConsumer: () => clients.consumer(groupOf(subscription.consumer)),
            onBroker,
            topicsThere() {
              waiting.add(subscription.consumer);
              return topicsThere();
            },
            scheduler,
            random,
            log,
            condition: (problem) => deps.condition(`consumer ${subscription.consumer}`, problem),
            limits: {
              inHand: deps.inHandLimit ?? IN_HAND,
              inMemory: IN_MEMORY,
              commitEveryMs: COMMIT_EVERY_MS,
              heartbeatMs: HEARTBEAT_MS,
            },
          }),
        );
      publisher.start();
      // Whoever stands by needs them as soon as it does not.
      if (consumers.length === 0 || !isWanted) void topicsThere();
      turn = turn.then(followWish);
    },
    async lag(consumer) {
      const topics = topicsOf(consumer);
      const records = await travelling.lag(groupOf(consumer), topics.map(onBroker));
      return topics.map((topic) => ({ topic, records: records.get(onBroker(topic)) ?? 0 }));
    },
    async travelling(consumer) {
      const topics = topicsOf(consumer);
      try {
        const open = await travelling.of(groupOf(consumer), topics.map(onBroker));
        return topics.filter((topic) => open.includes(onBroker(topic)));
      } catch {
        return topics;
      }
    },
    async stop() {
      stopped = true;
      endPause();
      await Promise.all([
        atMost(scheduler, STOP_WITHIN_MS, travelling.close()),
        ...consumers.map((consumer) => consumer.stop(STOP_WITHIN_MS)),
        publisher.stop(STOP_WITHIN_MS),
      ]);
    },
  };
}
